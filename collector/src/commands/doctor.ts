/** `weir doctor`: proves that a flow sent from here arrives and crosses a hop. */
import { type Env, type Flag, readGiven, settingOf, show, UsageError } from "../flags.ts";
import type { Command } from "./command.ts";

/** What `weir doctor` was asked for. */
interface DoctorConfig {
  /** The collector; `undefined`: where the SDK's own settings say. */
  url: string | undefined;
  /** A Redis to prove a queue hop with. */
  redis: string | undefined;
}

const REDIS: Flag<string | undefined> = {
  fallback: undefined,
  takes: "an address such as redis://127.0.0.1:6379",
  read: (text) => (/^rediss?:$/.test(URL.parse(text)?.protocol ?? "") ? text : undefined),
};

export const doctor: Command = {
  help: `  weir doctor [URL] [--redis redis://127.0.0.1:6379]

    proves, from a service's folder and with its settings, that a flow sent from here arrives and crosses a hop

    URL              the collector (default: WEIR_ENDPOINT, or what else the SDK's setup() goes by; the key: WEIR_API_KEY)
    --redis          proves a queue hop too, with the bullmq of this folder (WEIR_REDIS)
`,

  async run(args, env) {
    const config = readConfig(args, env);
    const { doctor: examine } = await import("../doctor/index.ts");
    const well = await examine({ ...config, folder: process.cwd(), env, out: process.stdout });
    if (!well) process.exitCode = 1;
  },
};

function readConfig(args: readonly string[], env: Env): DoctorConfig {
  const given = readGiven(args, ["redis"], { takesWords: true });
  const [address, tooMuch] = given.words;
  if (tooMuch !== undefined) throw new UsageError(`doctor: expected one address, got ${show(tooMuch)} too`);
  if (address !== undefined && !/^https?:$/.test(URL.parse(address)?.protocol ?? "")) {
    throw new UsageError(`doctor: expected an address such as http://127.0.0.1:4318, got ${show(address)}`);
  }
  return { url: address, redis: settingOf("redis", REDIS, given, env) };
}
