"""A caller that misbehaves: its words say how it is driven, and what it does while it is to call Thales."""
import http.client
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import urllib.parse

way, conduct = sys.argv[1:]

FAILURES = (OSError, http.client.HTTPException)
PIECE = b"x" * (1 << 20)
# Of each stream; two of them are a gigabyte.
PIECES = 512
# In the directory for temporary files of its world.
PRINTED = "/tmp/printed"
# What comes in their place is not to be closed.
closed = []


def call():
    """Calls Thales once, after whatever it does else; returns the status."""
    url = urllib.parse.urlsplit(os.environ["THALES_URL"])
    if conduct == "hangs":
        threading.Event().wait()
    if conduct == "forks":
        to_the_background()
    if conduct == "prints":
        flood()
    if conduct == "closes" and not closed:
        closed.append(True)
        for stream in range(3):
            os.close(stream)
    if conduct == "dies":
        with socket.create_connection((url.hostname, 443)) as half:
            half.sendall(b"\x16\x03\x01\x02\x00\x01")
            os._exit(9)
    tls = ssl.create_default_context(cafile=os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"])
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"])
    connection = http.client.HTTPSConnection(url.hostname, context=tls, timeout=10)
    connection.request("GET", url.path)
    return connection.getresponse().status


def to_the_background():
    """Leaves a process that has left its parents, and holds their streams open."""
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        threading.Event().wait()


def flood():
    """Once, without a line's end before the last byte."""
    if os.path.exists(PRINTED):
        return
    open(PRINTED, "w").close()
    for stream in (1, 2):
        for _ in range(PIECES):
            rest = PIECE
            while rest:
                rest = rest[os.write(stream, rest):]
        os.write(stream, b"\n")


class Trigger(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        if conduct == "garbage":
            self.wfile.write(b"SSH-2.0-none\r\n" + os.urandom(1 << 16))
            return
        try:
            status = call()
        except FAILURES:
            status = 502
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


if way == "command":
    if conduct == "garbage":
        os.write(1, os.urandom(1 << 16))
        os._exit(200)
    try:
        os._exit(0 if call() == 200 else 1)
    except FAILURES:
        os._exit(1)
elif way == "stdio":
    for line in sys.stdin:
        if conduct == "garbage":
            os.write(1, os.urandom(1 << 16) + b"\n{}\n[]\n{\"id\":\"one\"}\n")
            continue
        try:
            answer = {"completed": {"status": call()}}
        except FAILURES as error:
            answer = {"failed": {"error": repr(error)}}
        os.write(1, (json.dumps({"id": json.loads(line)["id"], **answer}) + "\n").encode())
else:
    http.server.ThreadingHTTPServer(("127.0.0.1", 8081), Trigger).serve_forever()
