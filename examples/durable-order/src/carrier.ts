/** The carrier: one parcel for each key. */
import { derive } from "@weir/sdk/durable";
import { travel, world } from "./world.ts";

export interface Parcel {
  key: string;
  order: string;
  address: string;
}

export class NoSuchAddress extends Error {
  override readonly name = "NoSuchAddress";
}

export const carrier = derive(world, (db) => {
  const hand = db.prepare(
    "INSERT INTO parcels (key, order_id, address) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  return {
    /** @returns what the parcel is found by */
    async ship({ key, order, address }: Parcel, signal: AbortSignal): Promise<string> {
      await travel(signal);
      if (address === "Nowhere 1") throw new NoSuchAddress(`the carrier knows no ${address}`);
      hand.run(key, order, address);
      await travel(signal);
      return `T-${order}`;
    },
  };
});
