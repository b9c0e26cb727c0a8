// The issuer's client for Thales on Node: one call a line in, one answer a line out. Its words say with what it calls
// (https, fetch), and whether it keeps connections or takes every server.
import { readFileSync } from "node:fs";
import https from "node:https";
import { createInterface } from "node:readline";

const words = process.argv.slice(2);
const TIMEOUT = 10000;
const tls = {
  ca: readFileSync(process.env.TSH_TLS_SERVER_CERTIFICATE_CHAIN),
  cert: readFileSync(process.env.CUSTOMER_TLS_CLIENT_CERTIFICATE),
  key: readFileSync(process.env.CUSTOMER_TLS_CLIENT_KEY),
  rejectUnauthorized: !words.includes("insecure"),
};

const agent = new https.Agent({ ...tls, keepAlive: words.includes("keep-alive") });

function overHttps({ url, method }) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { method, agent, timeout: TIMEOUT }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
      answer.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("timed out")));
    request.on("error", reject);
    request.end();
  });
}

function overFetch() {
  // Node does not export the dispatcher of its own fetch; the default one is of the same class.
  globalThis.fetch("data:,").catch(() => {});
  const { constructor: Dispatcher } = globalThis[Symbol.for("undici.globalDispatcher.1")];
  const dispatcher = new Dispatcher({ connect: tls });
  return async ({ url, method }) => {
    const answer = await fetch(url, { method, dispatcher, signal: AbortSignal.timeout(TIMEOUT) });
    await answer.arrayBuffer();
    return answer.status;
  };
}

const call = words.includes("fetch") ? overFetch() : overHttps;
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (!order.call) {
    console.log(JSON.stringify({ id: order.id, unsupported: {} }));
    continue;
  }
  const answer = await call(order.call).then(
    (status) => ({ completed: { status } }),
    (error) => ({ failed: { error: String(error.cause?.code ?? error.code ?? error) } }),
  );
  console.log(JSON.stringify({ id: order.id, ...answer }));
}
