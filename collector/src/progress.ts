/** How far a command has come: a bar on a terminal, a line now and then elsewhere. */

export interface ProgressOut {
  write(text: string): unknown;
  isTTY?: boolean;
}

export interface ProgressOptions {
  /** What is done, such as `deleting flows`. */
  doing: string;
  /** How much there is; `undefined` where nobody knows. */
  total: number | undefined;
  /** How an amount is told. */
  show: (amount: number) => string;
  out?: ProgressOut;
  /** Milliseconds, of any beginning. */
  now?: () => number;
}

const BAR = 24;
const DRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;

/**
 * @example
 * const progress = new Progress({ doing: "deleting flows", total: 1200, show: countText });
 * progress.add(100);
 * progress.end();
 */
export class Progress {
  readonly #options: Required<ProgressOptions>;
  readonly #everyMs: number;
  #done = 0;
  #toldAt: number;
  #drawn = false;

  constructor(options: ProgressOptions) {
    this.#options = { out: process.stderr, now: () => performance.now(), ...options };
    this.#everyMs = this.#options.out.isTTY === true ? DRAW_EVERY_MS : LINE_EVERY_MS;
    this.#toldAt = this.#options.now();
  }

  add(amount: number): void {
    this.reach(this.#done + amount);
  }

  reach(done: number): void {
    this.#done = done;
    const now = this.#options.now();
    if (now - this.#toldAt < this.#everyMs) return;
    this.#toldAt = now;
    this.#tell();
  }

  /** Takes the bar away, so that what is said next stands alone. */
  end(): void {
    if (this.#drawn) this.#options.out.write("\r\x1b[K");
    this.#drawn = false;
  }

  #tell(): void {
    const { doing, total, show, out } = this.#options;
    const done = Math.min(this.#done, total ?? this.#done);
    const share = total === undefined || total === 0 ? undefined : done / total;
    const amount = total === undefined ? show(done) : `${show(done)} of ${show(total)}`;
    if (out.isTTY !== true) {
      const percent = share === undefined ? "" : ` (${Math.floor(share * 100)} %)`;
      out.write(`weir: ${doing}: ${amount}${percent}\n`);
      return;
    }
    const full = Math.round((share ?? 0) * BAR);
    const bar = share === undefined ? "" : `${"█".repeat(full)}${"░".repeat(BAR - full)} `;
    out.write(`\r${doing} ${bar}${amount}\x1b[K`);
    this.#drawn = true;
  }
}

/** @example bytesText(1_250_000) // "1.3 MB" */
export function bytesText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}

/** @example countText(1234) // "1,234" */
export function countText(count: number): string {
  return count.toLocaleString("en");
}

/** @example flowsText(1) // "1 flow" */
export function flowsText(count: number): string {
  return `${countText(count)} ${count === 1 ? "flow" : "flows"}`;
}
