/** Random operations on a journal beside a model of it that is too simple to be wrong. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LeaseLost } from "../../src/run/errors/lease-lost.ts";
import { RunEnded } from "../../src/run/errors/run-ended.ts";
import { RunUnknown } from "../../src/run/errors/run-unknown.ts";
import type { EntryStatus, Journal, Parking } from "../../src/run/journal.ts";
import { TestClock } from "../../src/testing.ts";
import { type JournalKind, newEntry, newRun } from "./places.ts";

const FLOWS = [
  { name: "order", version: 1 },
  { name: "order", version: 2 },
];

interface ModelRun {
  id: string;
  version: number;
  status: "running" | "paused" | "succeeded" | "failed";
  token: number;
  owner: string | undefined;
  due: number | undefined;
  cancel: string | undefined;
  waits: readonly string[];
  entries: { path: string; status: EntryStatus; value: string | undefined }[];
  mail: { name: string; value: string }[];
  sent: Set<string>;
  endedAt: number | undefined;
}

/** Answers as the journal should, by scanning lists. */
class Model {
  runs: ModelRun[] = [];
  readonly #clock: TestClock;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  get(id: string): ModelRun | undefined {
    return this.runs.find((run) => run.id === id);
  }

  held(id: string, token: number): ModelRun {
    const run = this.get(id);
    if (run === undefined || run.token !== token || run.owner === undefined) throw new LeaseLost(id, token);
    return run;
  }

  claim(run: ModelRun, owner: string): number | undefined {
    if (run.endedAt !== undefined) return undefined;
    if (run.owner !== undefined && (run.due as number) > this.#clock.now()) return undefined;
    Object.assign(run, {
      status: "running",
      owner,
      token: run.token + 1,
      due: this.#clock.now() + 100,
      waits: [],
    });
    return run.token;
  }

  wake(run: ModelRun): void {
    run.due = this.#clock.now();
    run.waits = [];
  }

  known(id: string): ModelRun {
    const run = this.get(id);
    if (run === undefined) throw new RunUnknown(id, "model");
    return run;
  }
}

type Step = (journal: Journal, model: Model, clock: TestClock) => Promise<void>;

/** Both answer the same, or both refuse in the same way. */
async function same(real: Promise<unknown>, model: () => unknown): Promise<void> {
  const outcome = async (ask: () => unknown) => {
    try {
      return { answer: (await ask()) ?? null };
    } catch (error) {
      return { refused: (error as Error).name };
    }
  };
  expect(await outcome(() => real)).toEqual(await outcome(model));
}

const id = fc.constantFrom("a", "b", "c", "d");
const name = fc.constantFrom("x", "y");
const path = fc.constantFrom("/p", "/q", "/r");
const owner = fc.constantFrom("one", "two");
/** How far behind the newest token. */
const age = fc.constantFrom(0, 0, 0, 0, 1);

function withLease(runId: string, back: number, model: Model): { runId: string; token: number } {
  return { runId, token: (model.get(runId)?.token ?? 1) - back };
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(id, fc.constantFrom(1, 2), fc.option(owner), fc.integer({ min: -50, max: 50 })).map(
    ([runId, version, by, delay]): Step =>
      (journal, model, clock) => {
        const dueAt = clock.now() + delay;
        const given = newRun(runId, { flow: { name: "order", version }, dueAt });
        const real = journal.open(given, by === null ? undefined : { owner: by, leaseMs: 100 });
        return same(
          real.then(({ created, lease }) => [created, lease?.token]),
          () => {
            let run = model.get(runId);
            const created = run === undefined;
            if (run === undefined) {
              run = {
                id: runId,
                version,
                status: "running",
                token: 0,
                owner: undefined,
                due: dueAt,
              } as ModelRun;
              Object.assign(run, { waits: [], entries: [], mail: [], sent: new Set() });
              model.runs.push(run);
            }
            return [created, by === null ? undefined : model.claim(run, by)];
          },
        );
      },
  ),
  fc.tuple(id, owner).map(
    ([runId, by]): Step =>
      (journal, model) =>
        same(
          journal.claim(runId, { owner: by, leaseMs: 100 }).then((claimed) => claimed?.lease.token),
          () => {
            const run = model.get(runId);
            return run && model.claim(run, by);
          },
        ),
  ),
  fc.tuple(fc.subarray(FLOWS), fc.boolean(), owner).map(
    ([flows, begunOnly, by]): Step =>
      (journal, model, clock) => {
        const real = journal.claimDue({ flows, begunOnly, owner: by, leaseMs: 100, limit: 9 });
        return same(
          real.then((claimed) => claimed.map(({ lease }) => `${lease.runId} ${lease.token}`).sort()),
          () =>
            model.runs
              .filter((run) => flows.some(({ version }) => version === run.version))
              .filter(
                ({ due, token }) => due !== undefined && due <= clock.now() && (!begunOnly || token > 0),
              )
              .map((run) => `${run.id} ${model.claim(run, by)}`)
              .sort(),
        );
      },
  ),
  fc.tuple(id, age, path, fc.constantFrom<EntryStatus>("waiting", "succeeded", "failed"), fc.string()).map(
    ([runId, back, at, status, value]): Step =>
      (journal, model) => {
        const lease = withLease(runId, back, model);
        return same(journal.write(lease, newEntry(at, { status, value })), () => {
          const { entries } = model.held(lease.runId, lease.token);
          const before = entries.find((entry) => entry.path === at);
          if (before === undefined) entries.push({ path: at, status, value });
          else if (before.status !== "succeeded") Object.assign(before, { status, value });
        });
      },
  ),
  fc.tuple(id, age, fc.option(fc.integer({ min: 0, max: 80 })), fc.subarray(["x", "y"]), fc.boolean()).map(
    ([runId, back, delay, messages, paused]): Step =>
      (journal, model, clock) => {
        const lease = withLease(runId, back, model);
        const until: Parking = { messages, paused, ...(delay !== null && { dueAt: clock.now() + delay }) };
        return same(journal.park(lease, until), () => {
          const found = model.get(runId);
          if (found?.token === lease.token && found.owner === undefined && found.endedAt === undefined)
            return;
          const run = model.held(lease.runId, lease.token);
          run.owner = undefined;
          run.due = paused ? undefined : until.dueAt;
          run.waits = paused ? [] : messages;
          if (paused) run.status = "paused";
          const wanted = run.mail.some((mail) => run.waits.includes(mail.name));
          if (run.cancel !== undefined || wanted) model.wake(run);
        });
      },
  ),
  fc.tuple(id, age).map(
    ([runId, back]): Step =>
      (journal, model, clock) => {
        const lease = withLease(runId, back, model);
        return same(journal.end(lease, { status: "failed" }), () => {
          const found = model.get(runId);
          if (found?.token === lease.token && found.endedAt !== undefined) return;
          const run = model.held(lease.runId, lease.token);
          Object.assign(run, {
            status: "failed",
            owner: undefined,
            due: undefined,
            mail: [],
            endedAt: clock.now(),
          });
        });
      },
  ),
  fc.tuple(id, name, fc.constantFrom("1", "2", "3", "4")).map(
    ([runId, messageName, messageId]): Step =>
      (journal, model) =>
        same(journal.send(runId, { id: messageId, name: messageName, value: messageId }), () => {
          const run = model.known(runId);
          if (run.sent.has(messageId)) return;
          if (run.endedAt !== undefined) throw new RunEnded(runId, "messages");
          run.sent.add(messageId);
          run.mail.push({ name: messageName, value: messageId });
          if (run.owner === undefined && run.waits.includes(messageName)) model.wake(run);
        }),
  ),
  fc.tuple(id, age, name, path).map(
    ([runId, back, messageName, at]): Step =>
      (journal, model) => {
        const lease = withLease(runId, back, model);
        const entry = newEntry(at, { status: "waiting", value: undefined });
        return same(
          journal.take(lease, messageName, entry).then((taken) => taken?.value),
          () => {
            const run = model.held(lease.runId, lease.token);
            const before = run.entries.find((each) => each.path === at);
            if (before?.status === "succeeded") return before.value;
            const message = run.mail.find((mail) => mail.name === messageName);
            if (message === undefined) return undefined;
            run.mail.splice(run.mail.indexOf(message), 1);
            const taken = { path: at, status: "succeeded" as const, value: message.value };
            if (before === undefined) run.entries.push(taken);
            else Object.assign(before, taken);
            return message.value;
          },
        );
      },
  ),
  fc.tuple(id, fc.constantFrom("r", "s")).map(
    ([runId, reason]): Step =>
      (journal, model) =>
        same(journal.cancel(runId, reason), () => {
          const run = model.known(runId);
          if (run.endedAt !== undefined) return;
          run.cancel ??= reason;
          if (run.owner === undefined) model.wake(run);
        }),
  ),
  fc.tuple(fc.array(id, { maxLength: 3 }), age).map(
    ([ids, back]): Step =>
      (journal, model, clock) => {
        const leases = [...new Set(ids)].map((runId) => withLease(runId, back, model));
        return same(
          journal
            .renew(leases, 200)
            .then((states) => states.map(({ state, cancelReason }) => [state, cancelReason])),
          () =>
            leases.map(({ runId, token }) => {
              try {
                const run = model.held(runId, token);
                run.due = clock.now() + 200;
                return ["kept", run.cancel];
              } catch {
                return ["lost", undefined];
              }
            }),
        );
      },
  ),
  fc.integer({ min: 0, max: 60 }).map(
    (ago): Step =>
      (journal, model, clock) =>
        same(journal.prune({ endedBefore: clock.now() - ago }), () => {
          const before = model.runs.length;
          model.runs = model.runs.filter(
            ({ endedAt }) => endedAt === undefined || endedAt >= clock.now() - ago,
          );
          return before - model.runs.length;
        }),
  ),
  fc.integer({ min: 1, max: 120 }).map(
    (ms): Step =>
      (_journal, _model, clock) =>
        clock.advance(ms),
  ),
);

export function modelTest(kind: JournalKind): void {
  test("any operations in any order give what a simple model gives", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (sequence) => {
        const clock = new TestClock();
        const place = await kind.makePlace();
        try {
          const journal = await place.open(clock);
          const model = new Model(clock);
          for (const step of sequence) {
            await step(journal, model, clock);
            await compare(journal, model);
          }
        } finally {
          await place.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
}

async function compare(journal: Journal, model: Model): Promise<void> {
  for (const runId of ["a", "b", "c", "d"]) {
    const run = await journal.read(runId);
    const expected = model.get(runId);
    const seen = run && [run.status, run.token, run.owner, run.dueAt, run.cancelReason, run.endedAt];
    const should = expected && [
      expected.status,
      expected.token,
      expected.owner,
      expected.due,
      expected.cancel,
      expected.endedAt,
    ];
    expect(seen).toEqual(should);
    const entries = (await journal.entries(runId)).map(({ path: at, status, value }) => ({
      path: at,
      status,
      value,
    }));
    expect(entries).toEqual(expected?.entries ?? []);
  }
  const due = model.runs.flatMap((run) => run.due ?? []);
  expect(await journal.nextDue({ flows: FLOWS })).toBe(due.length === 0 ? undefined : Math.min(...due));
}
