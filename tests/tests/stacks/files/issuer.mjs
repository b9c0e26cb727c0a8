// The issuer's server on Node's own https: demands a certificate that the Thales Client CA has issued. Its word
// "insecure" asks for one and takes any, or none.
import { readFileSync } from "node:fs";
import https from "node:https";

const options = {
  cert: readFileSync(process.env.CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN),
  key: readFileSync(process.env.CUSTOMER_TLS_SERVER_KEY),
  ca: readFileSync(process.env.THALES_CLIENT_CA),
  requestCert: true,
  rejectUnauthorized: !process.argv.includes("insecure"),
};

https
  .createServer(options, (request, answer) => {
    request.resume();
    request.on("end", () => answer.writeHead(200, { "Content-Type": "application/json" }).end("{}"));
  })
  .listen(443, "0.0.0.0");
