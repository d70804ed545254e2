// The second service of the seed's "Distributed flows": its step is part of the caller's flow.

import { setup, step } from "@weir/sdk";
import { withFastify } from "@weir/sdk/fastify";
import Fastify from "fastify";

setup({ serviceName: "service-b" });
const app = Fastify();
await app.register(withFastify);

app.post("/process", async () => {
  await step.start("process_payment", async () => {});
  return { status: "success" };
});

console.log(`listening on ${await app.listen({ port: 0, host: "127.0.0.1" })}`);
