// The issuer's client for Thales on fetch. The fetch of Node itself takes no client certificate; that of undici, which
// it is made of, takes an agent.
import { Agent, fetch } from "undici";
import { drive } from "./drive.mjs";
import { tls } from "./tls.mjs";

const dispatcher = new Agent({
  connect: { ...tls, timeout: 5_000 },
  // A connection for each request: Thales moves by DNS, and a pool under traffic would stay at the old address.
  pipelining: 0,
});

await drive(async ({ url, method, headers, body }) => {
  const signal = AbortSignal.timeout(10_000);
  const answer = await fetch(url, { method, headers, body: body || undefined, dispatcher, signal });
  await answer.arrayBuffer();
  return answer.status;
});
