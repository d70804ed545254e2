// Asks a collector one thing after another, from a process of its own. Prints the milliseconds that each took.
// Arguments: address, seconds to warm up, seconds to measure.
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const [url = "", ...numbers] = process.argv.slice(2);
const [warmUp = 1, seconds = 5] = numbers.map(Number);
/** So that asking is not itself the load. */
const PAUSE_MS = 5;

export type Delays = Record<"list" | "detail" | "healthz", number[]>;

interface List {
  flows: { tenant: string; id: string }[];
}

const agent = new Agent({ keepAlive: true });
const delays: Delays = { list: [], detail: [], healthz: [] };
let detail = "";
await ask(warmUp);
for (const list of Object.values(delays)) list.length = 0;
await ask(seconds);
agent.destroy();
process.stdout.write(JSON.stringify(delays));

async function ask(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const { flows } = JSON.parse(await timed("list", "/api/v1/flows?limit=50")) as List;
    const [flow] = flows;
    if (flow !== undefined) detail = `/api/v1/tenants/${flow.tenant}/flows/${flow.id}`;
    if (detail !== "") await timed("detail", detail);
    await timed("healthz", "/healthz");
  }
}

async function timed(what: keyof Delays, path: string): Promise<string> {
  await sleep(PAUSE_MS);
  const started = performance.now();
  const text = await read(`${url}${path}`);
  delays[what].push(performance.now() - started);
  return text;
}

function read(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(address, { agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${address}: expected 200, got ${response.statusCode}: ${text}`));
      });
    }).on("error", reject);
  });
}
