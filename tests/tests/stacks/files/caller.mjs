// The issuer's client for Thales on Node: one call a line in, one answer a line out, a connection for each call.
import { readFileSync } from "node:fs";
import https from "node:https";
import { createInterface } from "node:readline";

const agent = new https.Agent({
  keepAlive: false,
  ca: readFileSync(process.env.TSH_TLS_SERVER_CERTIFICATE_CHAIN),
  cert: readFileSync(process.env.CUSTOMER_TLS_CLIENT_CERTIFICATE),
  key: readFileSync(process.env.CUSTOMER_TLS_CLIENT_KEY),
});

function call({ url, method }) {
  return new Promise((resolve) => {
    const request = https.request(url, { method, agent, timeout: 10000 }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve({ completed: { status: answer.statusCode } }));
      answer.on("error", (error) => resolve({ failed: { error: String(error) } }));
    });
    request.on("timeout", () => request.destroy(new Error("timed out")));
    request.on("error", (error) => resolve({ failed: { error: error.code ?? String(error) } }));
    request.end();
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  console.log(JSON.stringify({ id: order.id, ...(await call(order.call)) }));
}
