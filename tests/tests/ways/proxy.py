"""An egress proxy (CONNECT, RFC 9110 section 9.3.6) on 127.0.0.1:3128. `caching`: looks a host up once and never again."""
import socket
import socketserver
import sys
import threading

CACHES = "caching" in sys.argv
known = {}


def address(host, port):
    if (host, port) not in known or not CACHES:
        known[host, port] = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    return known[host, port]


def pump(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        method, target, _ = self.rfile.readline().decode().split(" ", 2)
        while self.rfile.readline().strip():
            pass
        host, _, port = target.rpartition(":")
        try:
            outer = socket.create_connection(address(host, int(port)), timeout=10)
        except OSError as error:
            self.wfile.write(f"HTTP/1.1 502 {error.__class__.__name__}\r\n\r\n".encode())
            return
        outer.settimeout(None)
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n" if method == "CONNECT" else b"HTTP/1.1 405 No\r\n\r\n")
        threading.Thread(target=pump, args=(outer, self.connection), daemon=True).start()
        pump(self.connection, outer)


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Proxy(("127.0.0.1", 3128), Tunnel).serve_forever()
