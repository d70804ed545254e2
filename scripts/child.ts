import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

export interface ChildOptions {
  /** What it is called in messages. */
  name: string;
  command: string;
  args: string[];
  cwd: string;
  /** Added to this process's own environment. */
  env?: Record<string, string>;
  /** Hears each line on its stderr. Default: written to ours, after its name. */
  onLine?: (line: string) => void;
}

/**
 * A process of ours that runs beside us until it is told to stop.
 *
 * @example
 * const api = new Child({ name: "api", command: process.execPath, args: ["src/api.ts"], cwd });
 * await api.says(/listening/);
 * await api.stop();
 */
export class Child {
  readonly name: string;
  /** Resolves, never rejects, when it has ended: with its exit code, or 1 where a signal or a failure ended it. */
  readonly ended: Promise<number>;
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  #running = true;

  constructor({ name, command, args, cwd, env, onLine }: ChildOptions) {
    this.name = name;
    const tell = onLine ?? ((line: string) => void process.stderr.write(`[${name}] ${line}\n`));
    this.#process = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((resolve) => {
      const end = (code: number) => {
        this.#running = false;
        resolve(code);
      };
      this.#process.once("error", (error) => {
        tell(error.message);
        end(1);
      });
      this.#process.once("close", (code) => end(code ?? 1));
    });
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error(`${name}: expected pipes for its output`);
    createInterface({ input: stderr }).on("line", tell);
    this.#lines = createInterface({ input: stdout });
    // Read, so that the child never waits for us.
    this.#lines.on("line", () => {});
  }

  /** Of the process, for who watches it. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${this.name}: expected a process, got none: it did not start`);
    return pid;
  }

  /**
   * The first line on its stdout, from now on, that fits.
   *
   * @returns `undefined` where it ended without
   */
  async says(pattern: RegExp): Promise<RegExpExecArray | undefined> {
    return await new Promise((resolve) => {
      const listen = (line: string) => {
        const found = pattern.exec(line);
        if (found === null) return;
        this.#lines.off("line", listen);
        resolve(found);
      };
      this.#lines.on("line", listen);
      void this.ended.then(() => resolve(undefined));
    });
  }

  /** Asks it to end, waits, and ends it where that takes more than ten seconds. */
  async stop(): Promise<void> {
    if (this.#running) this.#process.kill("SIGTERM");
    const tooLong = new AbortController();
    const late = sleep(10_000, undefined, { signal: tooLong.signal }).catch(() => undefined);
    await Promise.race([this.ended, late]);
    tooLong.abort();
    if (this.#running) this.#process.kill("SIGKILL");
    await this.ended;
  }
}
