/** The mail server. It takes no keys: asked twice it sends twice, and nobody can prevent it. */
import { derive } from "@weir/sdk/durable";
import { travel, world } from "./world.ts";

export const mail = derive(world, (db) => {
  const send = db.prepare("INSERT INTO mails (order_id, text) VALUES (?, ?)");
  return {
    async send(order: string, text: string, signal: AbortSignal): Promise<void> {
      await travel(signal);
      send.run(order, text);
      await travel(signal);
    },
  };
});
