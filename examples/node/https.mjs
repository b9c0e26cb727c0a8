// The issuer's client for Thales on node:https.
import https from "node:https";
import { drive } from "./drive.mjs";
import { tls } from "./tls.mjs";

// Thales moves by DNS: a connection that is kept alive under traffic would stay at the old address.
const agent = new https.Agent({ ...tls, keepAlive: false });

await drive(
  ({ url, method, headers, body }) =>
    new Promise((resolve, reject) => {
      const request = https.request(url, { method, headers, agent, timeout: 10_000 }, (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode));
        answer.on("error", reject);
      });
      // Node only tells that the time is over; ending the request is the program's part.
      request.on("timeout", () => request.destroy(new Error("timed out")));
      request.on("error", reject);
      request.end(body);
    }),
);
