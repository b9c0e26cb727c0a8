// The issuer's server on node:https: demands a certificate that the Thales Client CA has issued.
import { readFileSync } from "node:fs";
import https from "node:https";

const options = {
  cert: readFileSync("/etc/acme/server.pem"),
  key: readFileSync("/etc/acme/server.key"),
  ca: readFileSync("/etc/acme/thales-ca.pem"),
  minVersion: "TLSv1.2",
  requestCert: true,
  rejectUnauthorized: true,
};

https
  .createServer(options, (request, answer) => {
    request.resume();
    request.on("end", () => {
      answer.writeHead(200, { "content-type": "application/json" });
      answer.end("{}");
    });
  })
  .listen(443, "0.0.0.0");
