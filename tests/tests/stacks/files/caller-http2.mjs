// The issuer's client for Thales on Node, by HTTP/2: one session, which is used until Thales closes it.
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import { createInterface } from "node:readline";

const assets = {
  ca: readFileSync(process.env.TSH_TLS_SERVER_CERTIFICATE_CHAIN),
  cert: readFileSync(process.env.CUSTOMER_TLS_CLIENT_CERTIFICATE),
  key: readFileSync(process.env.CUSTOMER_TLS_CLIENT_KEY),
};
let session;

function call({ url, method }) {
  const { origin, pathname } = new URL(url);
  return new Promise((resolve) => {
    const failed = (error) => resolve({ failed: { error: error.code ?? String(error) } });
    if (!session || session.closed || session.destroyed) {
      session = http2.connect(origin, assets);
      session.on("error", failed);
    }
    const stream = session.request({ ":method": method, ":path": pathname });
    stream.setTimeout(10000, () => stream.destroy(new Error("timed out")));
    stream.on("error", failed);
    stream.on("response", (head) => {
      stream.resume();
      stream.on("end", () => resolve({ completed: { status: head[":status"] } }));
    });
    stream.end();
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  console.log(JSON.stringify({ id: order.id, ...(order.call ? await call(order.call) : { unsupported: {} }) }));
}
