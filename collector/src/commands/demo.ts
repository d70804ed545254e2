/** `weir demo`: believable flows, to look at and to measure with. */
import { WeirError } from "../errors.ts";
import { type Env, type Flag, readGiven, STORE, SWITCH, settingOf, UsageError } from "../flags.ts";
import type { Command } from "./command.ts";

interface Wish {
  flows: number;
  tenants: number;
  days: number;
  seed: number;
  storePath: string;
  force: boolean;
  /** `undefined`: straight to the store. */
  url: string | undefined;
  apiKey: string | undefined;
  /** Flows a second that go on beginning; 0: none. */
  live: number;
}

const WAIT_MS = 10_000;
const HERE = "http://127.0.0.1:4318";

const URL_FLAG: Flag<string | undefined> = {
  fallback: undefined,
  takes: `an address such as ${HERE}`,
  read: (text) => (/^https?:$/.test(URL.parse(text)?.protocol ?? "") ? text.replace(/\/+$/, "") : undefined),
};

const API_KEY: Flag<string | undefined> = {
  fallback: undefined,
  takes: "a key that may send",
  read: (text) => (/^\S+$/.test(text) ? text : undefined),
};

export const demo: Command = {
  help: `  weir demo [--flows 10000] [--tenants 100] [--days 30] [--seed 1] [--store sqlite:./data/weir.db]
  weir demo --url ${HERE} [--api-key KEY] [--live 5] …

    makes flows as services would: customers large and small, seven workflows, errors, retries, bad days, and some that
    are running, stalled, lost or on hold now

    --flows          how many (WEIR_FLOWS)
    --tenants        of how many customers (WEIR_TENANTS)
    --days           over how many days up to now (WEIR_DAYS)
    --seed           the same seed makes the same flows, but for the time (WEIR_SEED)
    --store          straight into this store, which must be empty (WEIR_STORE)
    --force          also where flows are in it already (WEIR_FORCE=1)
    --url            over OTLP to a collector that runs, instead (WEIR_URL)
    --api-key        a key that may send, where it asks for one (WEIR_API_KEY)
    --live           so many flows a second go on beginning until it is ended; default address: ${HERE} (WEIR_LIVE)
`,

  async run(args, env) {
    const wish = readWish(args, env);
    if (wish.url === undefined) await fillStore(wish);
    else await sendTo(wish.url, wish);
  },
};

async function fillStore({ storePath, force, ...wish }: Wish): Promise<void> {
  const [{ openSqliteStore }, { demoFlows }, { fill }, { progressOf, flowsText }] = await Promise.all([
    import("../sqlite/index.ts"),
    import("../demo/flows.ts"),
    import("../demo/fill.ts"),
    parts(),
  ]);
  const now = Date.now() * 1000;
  let clock = now;
  const options = { path: storePath, durability: "normal", busyTimeoutMs: WAIT_MS } as const;
  const store = openSqliteStore({ ...options, now: () => clock });
  const progress = progressOf(wish.flows);
  try {
    const { items } = await store.flows({ limit: 1, order: "newest" });
    if (items.length > 0 && !force) {
      throw new WeirError(
        "unavailable",
        `demo: expected a store without flows, there are some in ${storePath}: name another with --store, or add to it with --force`,
      );
    }
    await fill({
      store,
      flows: demoFlows({ ...wish, now }),
      now,
      onTime: (at) => {
        clock = at;
      },
      onDone: (flows) => progress.add(flows),
    });
    progress.end();
    process.stdout.write(
      `weir: made ${flowsText(wish.flows)} of ${wish.tenants} customers in ${storePath}\n`,
    );
  } finally {
    progress.end();
    await store.close();
  }
}

async function sendTo(url: string, wish: Wish): Promise<void> {
  const [
    { demoFlows, liveFlows },
    { lastMoment, live },
    { Sender },
    { spansBetween },
    { progressOf, flowsText },
  ] = await Promise.all([
    import("../demo/flows.ts"),
    import("../demo/live.ts"),
    import("../demo/sender.ts"),
    import("../demo/spans.ts"),
    parts(),
  ]);
  const ending = new AbortController();
  const sender = new Sender({ url, apiKey: wish.apiKey, signal: ending.signal });
  const now = Date.now() * 1000;
  const underWay = [];
  const progress = progressOf(wish.flows);
  try {
    for (const flow of demoFlows({ ...wish, now })) {
      await sender.add(spansBetween(flow, 0, now));
      if (wish.live > 0 && lastMoment(flow) > now) underWay.push(flow);
      progress.add(1);
    }
    await sender.flush();
  } finally {
    progress.end();
  }
  const refused = sender.rejected === 0 ? "" : `; ${sender.rejected} spans were not taken`;
  process.stdout.write(
    `weir: sent ${flowsText(wish.flows)} of ${wish.tenants} customers to ${url}${refused}\n`,
  );
  if (wish.live === 0) return;

  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
  process.stdout.write(`weir: ${wish.live} flows a second begin now; Ctrl+C ends it\n`);
  await live({
    rate: wish.live,
    next: liveFlows(wish),
    underWay: { flows: underWay, sentUpTo: now },
    async send(spans) {
      await sender.add(spans);
      await sender.flush();
    },
    signal: ending.signal,
  }).catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
}

/** Only here: to say what was wrong with a flag needs none of it. */
async function parts() {
  const { countText, flowsText, Progress } = await import("../progress.ts");
  const progressOf = (total: number) => new Progress({ doing: "making flows", total, show: countText });
  return { progressOf, flowsText };
}

function readWish(args: readonly string[], env: Env): Wish {
  const flags = ["flows", "tenants", "days", "seed", "store", "force", "url", "api-key", "live"];
  const given = readGiven(args, flags, { switches: ["force"] });
  const live = settingOf("live", wholeNumber(0, 0, 10_000), given, env);
  const named = settingOf("url", URL_FLAG, given, env);
  const url = named ?? (live > 0 ? HERE : undefined);
  if (url !== undefined && given.flags.has("store")) {
    throw new UsageError(
      "demo: expected either --store or --url (--live needs a collector that runs), got both",
    );
  }
  return {
    flows: settingOf("flows", wholeNumber(10_000, 0, 100_000_000), given, env),
    tenants: settingOf("tenants", wholeNumber(100, 1, 1_000_000), given, env),
    days: settingOf("days", wholeNumber(30, 1, 3_650), given, env),
    seed: settingOf("seed", wholeNumber(1, 0, 2 ** 31 - 1), given, env),
    storePath: settingOf("store", STORE, given, env),
    force: settingOf("force", SWITCH, given, env),
    url,
    apiKey: settingOf("api-key", API_KEY, given, env),
    live,
  };
}

function wholeNumber(fallback: number, least: number, most: number): Flag<number> {
  return {
    fallback,
    takes: `a whole number from ${least} to ${most}`,
    read(text) {
      const number = /^\d{1,10}$/.test(text) ? Number(text) : -1;
      return number >= least && number <= most ? number : undefined;
    },
  };
}
