/**
 * A bounded queue between the code and the network. Knows nothing of OpenTelemetry.
 *
 * Adding never blocks and never throws. What goes out goes in batches; what fails for now goes back to the front and
 * is tried again; what fails for good, or does not fit, is counted. After a failure of either kind the next batch waits,
 * longer with each, so that a collector that means no good costs the service little.
 */
import { clearTimeout, setTimeout } from "node:timers";

/** What became of a batch. `retry`: the same batch may succeed later. `split`: half of it may succeed now. */
export type Sent =
  | { result: "sent"; refused?: number; message?: string }
  | { result: "retry"; message: string; afterMs?: number | undefined }
  | { result: "split"; message: string }
  | { result: "lost"; message: string };

export interface QueueOptions<T> {
  send(batch: T[]): Promise<Sent>;
  /** Leaves out what another item of the same batch makes needless. Default: nothing. */
  compact?(batch: T[]): T[];
  /** Items that go first when the queue is full. Default: none. */
  expendable?(item: T): boolean;
  /** Told when items are lost, and why: where `refused`, in the collector's words, which may be others each time. */
  onLoss?(count: number, why: string, refused: boolean): void;
  /** Items kept at most, those on their way included. */
  bound?: number;
  batchSize?: number;
  /** How long an item waits for company, in milliseconds. */
  delayMs?: number;
  /** Batches on their way at once, while all goes well. */
  lanes?: number;
  random?(): number;
}

export interface QueueCounts {
  exported: number;
  queued: number;
  dropped: number;
  lastError: { message: string; at: number } | undefined;
}

const BACKOFF_FIRST_MS = 250;
/** No longer: a collector that comes back should see within seconds what it missed. */
const BACKOFF_MAX_MS = 5000;
/** What a collector may ask for at most by Retry-After. */
const RETRY_AFTER_MAX_MS = 30_000;

export class ExportQueue<T> {
  readonly #options: Required<QueueOptions<T>>;
  #items: T[] = [];
  #expendable = 0;
  #onTheWay = 0;
  #busyLanes = 0;
  /** Since the last batch that went well. */
  #failures = 0;
  #draining = 0;
  #batchSize: number;
  #timer: NodeJS.Timeout | undefined;
  /** What `#timer` waits for: company, nothing (a batch is full), or the end of a back-off, which nothing cuts short. */
  #waitingFor: "company" | "turn" | "backoff" | undefined;
  #closed = false;
  #waiters: (() => void)[] = [];
  #exported = 0;
  #dropped = 0;
  #lastError: QueueCounts["lastError"];

  constructor(options: QueueOptions<T>) {
    this.#options = {
      compact: (batch) => batch,
      expendable: () => false,
      onLoss() {},
      bound: 20_000,
      batchSize: 512,
      delayMs: 100,
      lanes: 3,
      random: Math.random,
      ...options,
    };
    this.#batchSize = this.#options.batchSize;
  }

  add(item: T): void {
    const expendable = this.#options.expendable(item);
    if (!this.admits(expendable)) return;
    this.#items.push(item);
    if (expendable) this.#expendable++;
    this.#schedule();
  }

  /** Whether one more may come in now. If not it is counted as lost, and need not be made. */
  admits(expendable: boolean): boolean {
    if (this.#closed) {
      this.#lose(1, "it came after shutdown()");
      return false;
    }
    return this.#items.length + this.#onTheWay < this.#options.bound || this.#makeRoom(expendable);
  }

  /** What waits for company goes on the next turn. */
  hurry(): void {
    if (this.#waitingFor === "company") this.#wait("turn", 0);
  }

  counts(): QueueCounts {
    return {
      exported: this.#exported,
      // What was on its way at shutdown() is counted as dropped already.
      queued: this.#closed ? 0 : this.#items.length + this.#onTheWay,
      dropped: this.#dropped,
      lastError: this.#lastError,
    };
  }

  /**
   * Sends what is queued, for at most `timeoutMs`.
   *
   * @param patient go on after a failure, as long as there is time
   * @returns whether all of it is out of the queue
   */
  async drain(timeoutMs: number, patient: boolean): Promise<boolean> {
    this.#draining++;
    // Its own timer is what keeps a process alive that would otherwise end with the queue full.
    let late = false;
    const alarm = setTimeout(() => {
      late = true;
      this.#wake();
    }, timeoutMs);
    this.#stopWaiting();
    while (this.#items.length + this.#onTheWay > 0 && !late) {
      if (this.#waitingFor !== "backoff") this.#fill();
      if (!patient && this.#waitingFor === "backoff" && this.#busyLanes === 0) break;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    clearTimeout(alarm);
    this.#draining--;
    return this.#items.length + this.#onTheWay === 0;
  }

  /** Takes no more, and gives up what is left: counted as dropped. */
  close(): void {
    this.#closed = true;
    this.#stopWaiting();
    const left = this.#items.length + this.#onTheWay;
    this.#items = [];
    if (left > 0) this.#lose(left, "it was still queued at shutdown()");
  }

  /** Sends on the next turn when a batch is full, else when there was time for company; never from inside `add`. */
  #schedule(): void {
    const full = this.#items.length >= this.#batchSize;
    if (this.#waitingFor !== undefined && !(full && this.#waitingFor === "company")) return;
    // A lane that becomes free looks for more by itself.
    if (this.#busyLanes >= this.#lanes()) return;
    this.#wait(full ? "turn" : "company", full ? 0 : this.#options.delayMs);
  }

  #wait(what: "company" | "turn" | "backoff", ms: number): void {
    clearTimeout(this.#timer);
    this.#waitingFor = what;
    this.#timer = setTimeout(this.#tick, ms).unref();
  }

  #tick = (): void => {
    this.#waitingFor = undefined;
    this.#fill();
    this.#wake();
  };

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#waitingFor = undefined;
  }

  /** After a failure one batch goes ahead to see whether the way is free. */
  #lanes(): number {
    return this.#failures > 0 ? 1 : this.#options.lanes;
  }

  #fill(): void {
    while (this.#items.length > 0 && this.#busyLanes < this.#lanes()) {
      const batch = this.#items.splice(0, this.#batchSize);
      if (this.#expendable > 0) this.#expendable -= this.#countExpendable(batch);
      void this.#send(batch);
    }
  }

  async #send(taken: T[]): Promise<void> {
    this.#onTheWay += taken.length;
    this.#busyLanes++;
    let batch = taken;
    let sent: Sent;
    try {
      batch = this.#options.compact(taken);
      sent = await this.#options.send(batch);
    } catch (error) {
      // Not a failure of the network: these spans would fail for ever.
      sent = { result: "lost", message: error instanceof Error ? error.message : String(error) };
    }
    this.#onTheWay -= taken.length;
    this.#busyLanes--;
    if (!this.#closed) this.#settle(batch, sent);
    this.#wake();
  }

  #settle(batch: T[], sent: Sent): void {
    if (sent.message !== undefined) this.#lastError = { message: sent.message, at: Date.now() };
    if (sent.result === "sent") {
      const refused = Math.min(sent.refused ?? 0, batch.length);
      this.#exported += batch.length - refused;
      if (refused > 0) this.#loseRefused(refused, sent.message);
      this.#batchSize = Math.min(this.#batchSize * 2, this.#options.batchSize);
    } else if (sent.result === "split" && batch.length > 1) {
      this.#putBack(batch);
      this.#batchSize = Math.ceil(batch.length / 2);
    } else if (sent.result === "retry") {
      this.#putBack(batch);
      this.#backOff(sent.afterMs);
      return;
    } else {
      this.#loseRefused(batch.length, sent.message);
      // Whoever waits for the queue to be empty is not kept from it: what is lost for good won't go better later.
      if (this.#draining === 0) {
        this.#backOff(undefined);
        return;
      }
    }
    this.#failures = 0;
    if (this.#items.length > 0) this.#schedule();
  }

  #putBack(batch: T[]): void {
    this.#items = batch.concat(this.#items);
    this.#expendable += this.#countExpendable(batch);
  }

  #backOff(askedMs: number | undefined): void {
    const backoff = Math.min(BACKOFF_FIRST_MS * 2 ** this.#failures, BACKOFF_MAX_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
    // Spread out, so that a thousand processes do not come back to a fresh collector in the same moment.
    const spread = backoff * (0.5 + this.#options.random() / 2);
    const waitMs = Math.max(spread, Math.min(askedMs ?? 0, RETRY_AFTER_MAX_MS));
    this.#wait("backoff", waitMs);
  }

  /** What is expendable goes for what is not. */
  #makeRoom(forExpendable: boolean): boolean {
    const why = `the queue is full (${this.#options.bound})`;
    if (this.#expendable > 0 && !forExpendable) {
      const before = this.#items.length;
      this.#items = this.#items.filter((queued) => !this.#options.expendable(queued));
      this.#expendable = 0;
      this.#lose(before - this.#items.length, why);
      return true;
    }
    this.#lose(1, why);
    return false;
  }

  #countExpendable(batch: T[]): number {
    let count = 0;
    for (const item of batch) if (this.#options.expendable(item)) count++;
    return count;
  }

  #lose(count: number, why: string): void {
    this.#dropped += count;
    this.#options.onLoss(count, why, false);
  }

  #loseRefused(count: number, message = "the collector refused it"): void {
    this.#dropped += count;
    this.#options.onLoss(count, message, true);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) resume();
  }
}
