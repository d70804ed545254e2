/** A request's own logger, with its id. Most requests write nothing: the logger is made for those that do. */
import type { FastifyBaseLogger } from "fastify";

type Bindings = Parameters<FastifyBaseLogger["child"]>[0];

export class LazyLog implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger;
  readonly #bindings: Bindings;
  #made: FastifyBaseLogger | undefined;

  constructor(parent: FastifyBaseLogger, bindings: Bindings) {
    this.#parent = parent;
    this.#bindings = bindings;
  }

  get level(): string {
    return this.#parent.level;
  }

  trace(...said: unknown[]): void {
    this.#write("trace", said);
  }

  debug(...said: unknown[]): void {
    this.#write("debug", said);
  }

  info(...said: unknown[]): void {
    this.#write("info", said);
  }

  warn(...said: unknown[]): void {
    this.#write("warn", said);
  }

  error(...said: unknown[]): void {
    this.#write("error", said);
  }

  fatal(...said: unknown[]): void {
    this.#write("fatal", said);
  }

  silent(): void {}

  child(...bound: Parameters<FastifyBaseLogger["child"]>): FastifyBaseLogger {
    return this.#own.child(...bound);
  }

  get #own(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings);
    return this.#made;
  }

  #write(level: "trace" | "debug" | "info" | "warn" | "error" | "fatal", said: unknown[]): void {
    const log: (...said: unknown[]) => void = this.#own[level];
    log.apply(this.#own, said);
  }
}
