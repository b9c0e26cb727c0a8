"""The issuer's client for Thales: a session of requests, as the issuer's programs import it.

Run by itself it is the driver that integration.toml names: one call a line in, one answer a line out.
"""
import json
import ssl
import sys

import requests
from requests.adapters import HTTPAdapter

TRUST = "/etc/acme/thales-server-ca.pem"
CERTIFICATE = ("/etc/acme/client.pem", "/etc/acme/client.key")
TIMEOUT = (5, 10)  # seconds to connect, and between two packets


class ThalesAdapter(HTTPAdapter):
    """TLS 1.2 or later. urllib3 before 2.0, as Debian 12 has it, speaks TLS 1.0 and 1.1 unless it is told not to."""

    def init_poolmanager(self, *words, **more):
        context = ssl.create_default_context(cafile=TRUST)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.hostname_checks_common_name = False
        context.load_cert_chain(*CERTIFICATE)
        super().init_poolmanager(*words, ssl_context=context, **more)


def session():
    """A session that shows the issuer's certificate, trusts Thales' authority alone, and outlives no address."""
    made = requests.Session()
    # Otherwise REQUESTS_CA_BUNDLE of the machine takes the place of `verify`, and a proxy of the machine is asked.
    made.trust_env = False
    # Also with a context of one's own: `True` would add every public authority to it.
    made.verify = TRUST
    # Thales moves by DNS: a connection that is kept alive under traffic would stay at the old address.
    made.headers["Connection"] = "close"
    made.mount("https://", ThalesAdapter())
    return made


def drive(thales):
    for line in sys.stdin:
        order = json.loads(line)
        call = order["call"]
        try:
            answer = thales.request(
                call["method"], call["url"], headers=call["headers"], data=call["body"] or None, timeout=TIMEOUT
            )
            said = {"completed": {"status": answer.status_code}}
        except requests.RequestException as error:
            said = {"failed": {"error": str(error)}}
        print(json.dumps({"id": order["id"], **said}), flush=True)


if __name__ == "__main__":
    drive(session())
