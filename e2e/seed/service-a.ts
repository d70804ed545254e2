// The first service of the seed's "Distributed flows". Argument: the address of service B.
import { flow, setup, shutdown } from "@weir/sdk";
import { withFetch } from "@weir/sdk/fetch";

setup({ serviceName: "service-a" });
withFetch();

await flow.start({ name: "order_processing", tenant: "customer-123" }, async () => {
  const response = await fetch(`${process.argv[2]}/process`, { method: "POST" });
  console.log(await response.json());
});
await shutdown();
