"""The issuer's backend: calls Thales when it is told to, and is called by Thales. Its words say how it is driven, and
what is wrong with it."""
import base64
import http.client
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

TRIGGER = ("127.0.0.1", 8081)
TIMEOUT = 10


# Seconds for which an answer of the name server is kept, by what is wrong with the service.
KEEPS = {"keeps-address": 30, "once-resolved": 10**6}


def remember(resolve=socket.getaddrinfo):
    """A resolver's cache with a time of its own in place of the TTL."""
    kept = {}
    lasts = max(KEEPS.get(word, 0) for word in sys.argv)

    def answer(*asked, **more):
        found, since = kept.get(str((asked, more)), (None, 0))
        if found is None or time.monotonic() - since > lasts:
            found, since = resolve(*asked, **more), time.monotonic()
            kept[str((asked, more))] = (found, since)
        return found

    socket.getaddrinfo = answer


class Pool:
    """One connection, for as long as it lasts."""

    def __init__(self):
        self.tls = contexts()
        self.connection = None

    def call(self):
        url = urllib.parse.urlsplit(os.environ["THALES_URL"])
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(url.hostname, context=self.tls, timeout=TIMEOUT)
        try:
            self.connection.request("GET", url.path)
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except FAILURES:
            self.connection.close()
            self.connection = None
            raise


def contexts():
    tls = ssl.create_default_context(cafile=os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"])
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"])
    return tls


def call():
    """Calls Thales once, on a connection of its own; returns the status."""
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=contexts()))
    try:
        with opener.open(os.environ["THALES_URL"], timeout=TIMEOUT) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


FAILURES = (OSError, http.client.HTTPException)


class Access:
    """Calls with an access token, kept until it is refused."""

    token = None

    def call(self):
        for _ in range(2):
            if self.token is None:
                self.token = self.granted()
            status, _ = self.exchange(os.environ["THALES_URL"], None, {"Authorization": "Bearer " + self.token})
            if status != 401:
                return status
            self.token = None
        return status

    def granted(self):
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self.assertion()}
        status, body = self.exchange(os.environ["THALES_TOKEN_URL"], urllib.parse.urlencode(grant).encode(), {})
        if status != 200:
            raise OSError(f"no token: {status}")
        return json.loads(body)["access_token"]

    def assertion(self):
        """Nobody was given a key to verify it with."""
        customer, now = os.environ["THALES_CUSTOMER_ID"], int(time.time())
        claims = {"iss": customer, "sub": customer, "iat": now, "exp": now + 300}
        parts = [json.dumps(part).encode() for part in ({"alg": "ES256", "kid": "one"}, claims)] + [os.urandom(64)]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    def exchange(self, url, body, headers):
        url = urllib.parse.urlsplit(url)
        connection = http.client.HTTPSConnection(url.hostname, context=contexts(), timeout=TIMEOUT)
        if body:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST" if body else "GET", url.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"{}"):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Issuer(Page):
    """What Thales calls."""

    def do_POST(self):
        self.answer(200)


class Control(Page):
    """What the service itself is asked."""

    asked = 0
    # When the circuit breaker closes, where there is one.
    closed_at = 0

    def do_GET(self):
        Control.asked += 1
        if "never-ready" in sys.argv:
            return self.answer(503)
        # Like a runtime that is up before its application is.
        self.answer(200 if Control.asked > 2 else 503)

    def do_POST(self):
        if "breaker" in sys.argv and time.monotonic() < Control.closed_at:
            return self.answer(503)
        if "exits" in sys.argv:
            os._exit(7)
        if "hangs" in sys.argv:
            threading.Event().wait()
        if "later" in sys.argv:
            threading.Thread(target=attempt).start()
            return self.answer(202)
        good = attempt() == 200
        if not good and "dies-of-refusal" in sys.argv:
            os._exit(9)
        if not good:
            Control.closed_at = time.monotonic() + 1
        self.answer(200 if good else 502)


def attempt():
    try:
        return pool.call() if pool else call()
    except FAILURES as error:
        print(repr(error), file=sys.stderr, flush=True)
        return None


def serve_issuer():
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=os.environ["THALES_CLIENT_CA"])
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(os.environ["CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"], os.environ["CUSTOMER_TLS_SERVER_KEY"])
    host, port = os.environ["CUSTOMER_LISTEN"].rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Issuer)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


def to_the_background():
    """A daemon in the old way: two forks and a session of its own."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)


way = sys.argv[1]
if KEEPS.keys() & set(sys.argv):
    remember()
pool = Pool() if "pools" in sys.argv else Access() if "tokens" in sys.argv else None
if way == "once":
    sys.exit(0 if call() == 200 else 1)
elif way == "driver":
    for line in sys.stdin:
        try:
            answer = {"completed": {"status": call()}}
        except FAILURES as error:
            answer = {"failed": {"error": repr(error)}}
        print(json.dumps({"id": json.loads(line)["id"], **answer}), flush=True)
elif way == "polls":
    while True:
        attempt()
        threading.Event().wait(0.2)
elif way == "service":
    if "stops" in sys.argv:
        sys.exit("no configuration")
    if "forks" in sys.argv:
        to_the_background()
    print("the backend starts", file=sys.stderr, flush=True)
    threading.Thread(target=serve_issuer, daemon=True).start()
    http.server.ThreadingHTTPServer(TRIGGER, Control).serve_forever()
