/** Orders of a few customers, the same in each go; some can't be done. */
import type { Order } from "./order.ts";

const CUSTOMERS = ["acme-corp", "globex", "initech", "umbrella", "hooli"];
const ITEMS = ["anvil", "rocket skates", "magnet", "paint"];

export interface PlacedOrder {
  id: string;
  order: Order;
  /** The step at which it can't go on, where there is one. */
  failsAt: "validate" | "charge" | "reserve" | "ship" | undefined;
}

export function ordersUpTo(count: number): PlacedOrder[] {
  return Array.from({ length: count }, (_, at) => placedOrder(at + 1));
}

function placedOrder(number: number): PlacedOrder {
  const failsAt = failureOf(number);
  return {
    id: `order-${number}`,
    failsAt,
    order: {
      customer: CUSTOMERS[number % CUSTOMERS.length] as string,
      item: failsAt === "reserve" ? "unicorn" : (ITEMS[number % ITEMS.length] as string),
      count: failsAt === "validate" ? 0 : (number % 3) + 1,
      cents: failsAt === "charge" ? 9_900_000 : 1_000 + number * 10,
      address: failsAt === "ship" ? "Nowhere 1" : `Main Street ${number}`,
    },
  };
}

function failureOf(number: number): PlacedOrder["failsAt"] {
  if (number % 23 === 0) return "validate";
  if (number % 11 === 0) return "charge";
  if (number % 7 === 0) return "reserve";
  return number % 5 === 0 ? "ship" : undefined;
}
