// What both clients know of TLS: Thales' authority alone, the issuer's certificate, TLS 1.2 or later.
import { readFileSync } from "node:fs";

export const tls = {
  ca: readFileSync("/etc/acme/thales-server-ca.pem"),
  cert: readFileSync("/etc/acme/client.pem"),
  key: readFileSync("/etc/acme/client.key"),
  minVersion: "TLSv1.2",
};
