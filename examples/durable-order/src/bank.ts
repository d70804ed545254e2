/**
 * The bank. As real ones do, it takes a key with each charge: asked again with the same key, it gives the receipt of the first
 * and takes no money.
 */
import { derive } from "@weir/sdk/durable";
import { travel, world } from "./world.ts";

export interface Charge {
  key: string;
  /** What stands on the customer's statement. */
  order: string;
  cents: number;
}

/** No use to try again. */
export class CardDeclined extends Error {
  override readonly name = "CardDeclined";
}

export const bank = derive(world, (db) => {
  const take = db.prepare(
    `INSERT INTO charges (key, order_id, cents) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET asked = asked + 1 RETURNING cents, asked`,
  );
  const giveBack = db.prepare("UPDATE charges SET refunded = refunded + 1 WHERE key = ? AND refunded = 0");
  return {
    /** @returns what was taken, in cents */
    async charge({ key, order, cents }: Charge, signal: AbortSignal): Promise<number> {
      await travel(signal);
      if (cents > 500_000) throw new CardDeclined(`${(cents / 100).toFixed(2)} is over the card's limit`);
      const taken = take.get(key, order, cents) as { cents: number; asked: number };
      // The money is taken, and the answer is on its way: who dies now does not know.
      await travel(signal);
      if (cents % 7 === 0 && taken.asked === 1)
        throw new Error("read ECONNRESET: the bank's answer got lost");
      return taken.cents;
    },
    /** Gives back what was taken under the key; nothing where nothing was, or where it was given back before. */
    async refund(key: string, signal: AbortSignal): Promise<void> {
      await travel(signal);
      giveBack.run(key);
    },
  };
});
