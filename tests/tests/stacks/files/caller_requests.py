"""The issuer's client for Thales on requests: one call a line in, one answer a line out. Its word says how it calls."""
import json
import os
import ssl
import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

OPTIONS = {
    "verify": os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"],
    "cert": (os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"]),
    "timeout": 10,
}
word = sys.argv[1]


class Modern(HTTPAdapter):
    """TLS 1.2 and later, whatever the machine's OpenSSL and Python allow; a connection for each call."""

    def init_poolmanager(self, *args, **kwargs):
        context = create_urllib3_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(OPTIONS["verify"])
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


if word == "insecure":
    OPTIONS["verify"] = False
caller = requests
if word in ("session", "modern"):
    caller = requests.Session()
if word == "modern":
    caller.mount("https://", Modern())
    caller.headers["Connection"] = "close"
for line in sys.stdin:
    order = json.loads(line)
    try:
        status = caller.request(order["call"]["method"], order["call"]["url"], **OPTIONS).status_code
        answer = {"completed": {"status": status}}
    except requests.RequestException as error:
        answer = {"failed": {"error": repr(error)[:500]}}
    print(json.dumps({"id": order["id"], **answer}), flush=True)
