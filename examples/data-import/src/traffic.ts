/** The customers: each sends a file every few seconds, and asks for a report now and then. */
import { setTimeout as sleep } from "node:timers/promises";
import { CUSTOMERS, type Customer } from "./customers.ts";
import { oneOf, takes } from "./demo.ts";

const API_URL = process.env["API_URL"] ?? "http://127.0.0.1:3000";
const CHECKER_URL = process.env["CHECKER_URL"] ?? "http://127.0.0.1:3001";

let away = false;

async function post(url: string, body: object): Promise<void> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await answer.arrayBuffer();
    away = false;
  } catch {
    // Said once, not by every customer every second.
    if (!away) console.error(`traffic: ${new URL(url).origin} does not answer, trying on`);
    away = true;
  }
}

function importOf({ plan, region, rows }: Customer) {
  const kind = oneOf("contacts", "orders", "invoices", "products");
  const day = new Date().toISOString().slice(0, 10);
  const thisRows = Math.ceil(rows * (0.5 + Math.random()));
  return { file: `${kind}-${day}.csv`, rows: thisRows, plan, region, source: oneOf("upload", "sftp", "api") };
}

async function behave(customer: Customer): Promise<never> {
  // Nobody waits for the first flows of a demo.
  await sleep(Math.random() * 1000);
  for (;;) {
    void post(`${API_URL}/import/${customer.name}`, importOf(customer));
    if (Math.random() < 0.2) void post(`${CHECKER_URL}/reports/${customer.name}`, {});
    await takes(customer.every * 1000);
  }
}

process.on("SIGTERM", () => process.exit());
process.on("SIGINT", () => process.exit());

await Promise.all(CUSTOMERS.map(behave));
