/** The order: a flow of five steps, which is undone where it can't be done. */
import { defineFlow, type RetryOptions } from "@weir/sdk/durable";
import { bank, CardDeclined } from "./bank.ts";
import { carrier } from "./carrier.ts";
import { mail } from "./mail.ts";
import { stock } from "./stock.ts";

export interface Order {
  customer: string;
  item: string;
  count: number;
  cents: number;
  address: string;
}

/** For what undoes a step: it must not hang, as the flow ends after it. */
const PATIENCE_MS = 10_000;

const UNLESS_DECLINED: RetryOptions = {
  maxAttempts: 5,
  baseDelay: 50,
  retryIf: (error) => !(error instanceof CardDeclined),
};

export const order = defineFlow(
  { name: "order", version: 1 },
  { bank, stock, carrier, mail },
  async ({ bank, stock, carrier, mail }, ctx, { item, count, cents, address }: Order) => {
    const order = ctx.runId;
    // A process may die after the bank took the money and before the journal knows. The step then runs again: the key,
    // which is the same in every process, tells the bank that it is the same charge.
    const key = (step: string) => `${order}/${step}`;

    await ctx.run("validate", () => validate(count));

    // Registered before: where the answer gets lost for good, the money may be taken all the same.
    ctx.onRollback(function refund() {
      return bank.refund(key("charge"), AbortSignal.timeout(PATIENCE_MS));
    });
    const charged = await ctx.run("charge", { retry: UNLESS_DECLINED }, ({ signal }) =>
      bank.charge({ key: key("charge"), order, cents }, signal),
    );

    ctx.onRollback(function free() {
      return stock.free(key("reserve"), AbortSignal.timeout(PATIENCE_MS));
    });
    await ctx.run("reserve", ({ signal }) =>
      stock.reserve({ key: key("reserve"), order, item, count }, signal),
    );

    const tracking = await ctx.run("ship", ({ signal }) =>
      carrier.ship({ key: key("ship"), order, address }, signal),
    );

    await ctx.run("notify", ({ signal }) => mail.send(order, `${count} × ${item}: ${tracking}`, signal));
    return { charged, tracking };
  },
);

function validate(count: number): void {
  if (!(Number.isSafeInteger(count) && count > 0))
    throw new RangeError(`expected a count from 1, got ${count}`);
}
