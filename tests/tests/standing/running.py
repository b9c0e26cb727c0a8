"""An integration that runs already, configured once from a portal: it calls Thales when it is told to on its own page,
asks the portal's name server itself, and is called by Thales. Its words: the portal's directory, Thales' URL, the name
server, and what is wrong with it."""
import http.client
import http.server
import os
import socket
import ssl
import struct
import sys
import threading
from urllib.parse import urlsplit

PORTAL, URL, RESOLVER = sys.argv[1:4]
FAULTS = sys.argv[4:]


def asset(name):
    return os.path.join(PORTAL, name)


def ask(host):
    """Asks the portal's name server for an address, as a resolver of the machine would."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
    question = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    at, port = RESOLVER.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.sendto(question, (at, int(port)))
        answer = asking.recv(4096)
    if answer[3] & 15 or not struct.unpack(">H", answer[6:8])[0]:
        raise OSError("no such name")
    # The one record of the answer comes last.
    return socket.inet_ntoa(answer[-4:])


def call():
    """Calls Thales once, on a connection of its own; returns the status."""
    tls = ssl.create_default_context(cafile=asset("TSH_TLS_SERVER_CERTIFICATE_CHAIN"))
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    if "trusts-anybody" in FAULTS:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.load_cert_chain(asset("CUSTOMER_TLS_CLIENT_CERTIFICATE"), asset("CUSTOMER_TLS_CLIENT_KEY"))
    url = urlsplit(URL)
    address = url.hostname and ("127.0.0.1" if "asks-nobody" in FAULTS else ask(url.hostname))
    with socket.create_connection((address, url.port), timeout=10) as plain:
        with tls.wrap_socket(plain, server_hostname=url.hostname) as secure:
            connection = http.client.HTTPConnection(url.hostname, url.port)
            connection.sock = secure
            connection.request("GET", url.path, headers={"Connection": "close"})
            return connection.getresponse().status


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_GET(self):
        self.answer(200)

    def log_message(self, *_):
        pass


class Control(Page):
    def do_POST(self):
        try:
            good = call() == 200
        except (OSError, http.client.HTTPException) as error:
            print(repr(error), file=sys.stderr, flush=True)
            good = False
        self.answer(200 if good else 502)


class Issuer(Page):
    def do_POST(self):
        self.answer(200)


def serve_issuer():
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=asset("THALES_CLIENT_CA"))
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(asset("CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"), asset("CUSTOMER_TLS_SERVER_KEY"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def polls():
    """Calls by itself, over and over."""
    while True:
        try:
            call()
        except (OSError, http.client.HTTPException):
            pass
        threading.Event().wait(0.2)


if "polls" in FAULTS:
    threading.Thread(target=polls, daemon=True).start()
control = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Control)
print(control.server_address[1], serve_issuer(), flush=True)
control.serve_forever()
