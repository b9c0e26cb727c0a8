"""A driver: one order a line in, one answer a line out (docs/stdio.schema.json). What calls Thales stands in `call`."""
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

context = ssl.create_default_context(cafile=os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"])
context.minimum_version = ssl.TLSVersion.TLSv1_2
context.load_cert_chain(os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"])
client = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


def call(order):
    """Makes one call with the integration's own client, and says what came back."""
    body = order["body"].encode() or None
    request = urllib.request.Request(order["url"], method=order["method"], headers=order["headers"], data=body)
    try:
        with client.open(request, timeout=10) as answer:
            return {"completed": {"status": answer.status, "body": answer.read().decode()}}
    except urllib.error.HTTPError as refused:
        return {"completed": {"status": refused.code, "body": refused.read().decode()}}
    except OSError as error:
        return {"failed": {"error": str(error)}}


for line in sys.stdin:
    order = json.loads(line)
    # An order that this driver does not know is answered, too.
    answer = call(order["call"]) if "call" in order else {"unsupported": {}}
    print(json.dumps({"id": order["id"], **answer}), flush=True)
