// One call a line in, one answer a line out: how thales-harness drives a client that lives as long as a scenario.
import { createInterface } from "node:readline";

export async function drive(call) {
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    const said = await call(order.call).then(
      (status) => ({ completed: { status } }),
      // fetch says only that it failed; why is in the cause.
      (error) => ({ failed: { error: String(error.cause ?? error) } }),
    );
    console.log(JSON.stringify({ id: order.id, ...said }));
  }
}
