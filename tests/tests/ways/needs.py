"""Calls Thales once it has what it needs beside: a vault and an identity provider. It also tries what nobody declared."""
import os
import socket
import ssl
import sys
import urllib.request


def read(name, port):
    with socket.create_connection((name, port), timeout=10) as connection:
        connection.sendall(b"who is there?")
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


for name, port in [("vault.internal", 8200), ("login.internal", 443), ("localhost", 5432), ("10.1.2.3", 6379)]:
    if read(name, port) != b"heard who is there?":
        sys.exit(f"{name}:{port} is not what it is on the machine")
for name, port in [("db.internal", 5432), ("203.0.113.7", 1521)]:
    try:
        read(name, port)
        sys.exit(f"{name}:{port} is there")
    except OSError:
        pass
context = ssl.create_default_context(cafile=os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"])
context.minimum_version = ssl.TLSVersion.TLSv1_2
context.load_cert_chain(os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"])
urllib.request.urlopen(os.environ["THALES_URL"], context=context, timeout=10)
