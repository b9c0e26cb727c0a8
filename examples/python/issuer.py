"""The issuer's server, on Python's own HTTP server: demands a certificate that the Thales Client CA has issued."""
import http.server
import ssl


class Issuer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# With `cafile`, no authority of the machine is trusted beside it.
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="/etc/acme/thales-ca.pem")
tls.verify_mode = ssl.CERT_REQUIRED
tls.minimum_version = ssl.TLSVersion.TLSv1_2
tls.load_cert_chain("/etc/acme/server.pem", "/etc/acme/server.key")

server = http.server.ThreadingHTTPServer(("0.0.0.0", 443), Issuer)
# The handshake belongs to the thread of its connection: here it would keep all others waiting.
server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
