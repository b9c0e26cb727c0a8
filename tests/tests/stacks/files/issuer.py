"""The issuer's server on Python's own HTTP server: demands a certificate that the Thales Client CA has issued."""
import http.server
import os
import ssl


class Issuer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=os.environ["THALES_CLIENT_CA"])
context.minimum_version = ssl.TLSVersion.TLSv1_2
context.verify_mode = ssl.CERT_REQUIRED
context.load_cert_chain(os.environ["CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"], os.environ["CUSTOMER_TLS_SERVER_KEY"])
server = http.server.ThreadingHTTPServer(("0.0.0.0", 443), Issuer)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
