/** A service with one durable flow: `node durable-service.ts <journal> <name> [hangs]`. Prints "shipping" and "ended". */
import { setup, shutdown } from "@weir/sdk";
import { createScope, flow, sqliteJournal } from "@weir/sdk/durable";

const [path = "", serviceName = "", hangs] = process.argv.slice(2);
setup({ serviceName });

const reserve = flow({ name: "reserve" }, async (ctx, item: string) => {
  await ctx.run("find", () => item);
  await ctx.run("hold", { retry: { maxAttempts: 2, baseDelay: 1 } }, ({ attempt }) => {
    if (attempt === 1) throw new Error("the shelf was locked");
  });
});
const order = flow({ name: "order" }, async (ctx) => {
  await ctx.run("charge", () => ({ receipt: 17 }));
  await ctx.parallel([() => ctx.exec("reserve a", reserve, "a"), () => ctx.exec("reserve b", reserve, "b")]);
  await ctx.sleep(50);
  await ctx.run("ship", async () => {
    console.log("shipping");
    if (hangs !== undefined) await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
  await ctx.run("notify", () => {});
});

const scope = createScope({ journal: sqliteJournal(path), leaseMs: 500 });
await scope.exec(order, undefined, { id: "order-17", tenant: "acme-corp", labels: { plan: "team" } });
await scope.dispose();
await shutdown();
console.log("ended");
