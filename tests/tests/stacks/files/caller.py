"""The issuer's client for Thales: one call a line in, one answer a line out. Its word says how it connects."""
import http.client
import json
import os
import signal
import socket
import ssl
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

TIMEOUT = 10


def tls():
    context = ssl.create_default_context(cafile=os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"])
    return context


class Fresh:
    """A connection for each call."""

    def __init__(self, context):
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))

    def call(self, url, method):
        try:
            with self.opener.open(urllib.request.Request(url, method=method), timeout=TIMEOUT) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code


class Known(http.client.HTTPSConnection):
    """A connection to an address that was looked up once."""

    addresses = {}

    def connect(self):
        if self.host not in self.addresses:
            self.addresses[self.host] = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][4]
        plain = socket.create_connection(self.addresses[self.host], self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


class CachedAddress:
    """A connection for each call, to the address of the first one."""

    def __init__(self, context):
        self.context = context

    def call(self, url, method):
        connection = Known(urlsplit(url).hostname, context=self.context, timeout=TIMEOUT)
        try:
            connection.request(method, urlsplit(url).path)
            return connection.getresponse().status
        finally:
            connection.close()


class KeptAlive:
    """One connection for as long as it lasts."""

    def __init__(self, context):
        self.context = context
        self.connection = None

    def call(self, url, method):
        if self.connection is not None:
            try:
                return self.ask(url, method)
            except (ConnectionError, http.client.HTTPException):
                # The other side closed it while it was idle.
                self.connection.close()
        self.connection = http.client.HTTPSConnection(
            urlsplit(url).hostname, context=self.context, timeout=TIMEOUT
        )
        return self.ask(url, method)

    def ask(self, url, method):
        try:
            self.connection.request(method, urlsplit(url).path)
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except OSError:
            self.connection.close()
            raise


class Reloaded:
    """A caller that is made anew after a signal: certificate and key are read again."""

    def __init__(self, make):
        self.make = make
        self.caller = make(tls())
        signal.signal(signal.SIGHUP, self.forget)

    def forget(self, *_):
        self.caller = None

    def call(self, url, method):
        self.caller = self.caller or self.make(tls())
        return self.caller.call(url, method)


caller = {"fresh": Fresh, "cached-address": CachedAddress, "kept-alive": KeptAlive}[sys.argv[1]]
caller = Reloaded(caller)
for line in sys.stdin:
    order = json.loads(line)
    if "call" not in order:
        print(json.dumps({"id": order["id"], "unsupported": {}}), flush=True)
        continue
    try:
        status = caller.call(order["call"]["url"], order["call"]["method"])
        answer = {"completed": {"status": status}}
    except (OSError, http.client.HTTPException) as error:
        answer = {"failed": {"error": repr(error)}}
    print(json.dumps({"id": order["id"], **answer}), flush=True)
