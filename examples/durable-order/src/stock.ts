/** The stock: reserves under a key, and frees what was reserved under it. */
import { derive } from "@weir/sdk/durable";
import { travel, world } from "./world.ts";

export interface Reservation {
  key: string;
  order: string;
  item: string;
  count: number;
}

export class OutOfStock extends Error {
  override readonly name = "OutOfStock";
}

export const stock = derive(world, (db) => {
  const reserve = db.prepare(
    "INSERT INTO reservations (key, order_id, item, count) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const free = db.prepare("UPDATE reservations SET freed = freed + 1 WHERE key = ? AND freed = 0");
  return {
    async reserve({ key, order, item, count }: Reservation, signal: AbortSignal): Promise<void> {
      await travel(signal);
      if (item === "unicorn") throw new OutOfStock(`${count} of ${item} were asked for, 0 are left`);
      reserve.run(key, order, item, count);
      await travel(signal);
    },
    async free(key: string, signal: AbortSignal): Promise<void> {
      await travel(signal);
      free.run(key);
    },
  };
});
