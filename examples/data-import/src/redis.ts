import { Redis } from "ioredis";

/** A connection as BullMQ wants it: one that waits for a Redis that is away. */
export function connect(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  let away = false;
  redis.on("error", (error) => {
    // Said once, not at every try.
    if (!away) console.error(`redis: ${error.message}`);
    away = true;
  });
  redis.on("ready", () => {
    away = false;
  });
  return redis;
}
