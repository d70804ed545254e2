/** What a journal promises, over every implementation. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { JournalUnavailable } from "../../src/run/errors/journal-unavailable.ts";
import { LeaseLost } from "../../src/run/errors/lease-lost.ts";
import { RunEnded } from "../../src/run/errors/run-ended.ts";
import { RunUnknown } from "../../src/run/errors/run-unknown.ts";
import type { Claim, Journal, Lease, NewRun } from "../../src/run/journal.ts";
import { TestClock } from "../../src/testing.ts";
import { modelTest } from "./model.ts";
import { FLOW, type JournalKind, newEntry, newRun, type Place } from "./places.ts";

const FLOWS = [FLOW];
const CLAIM: Claim = { owner: "one", leaseMs: 30_000 };
const OTHER: Claim = { owner: "other", leaseMs: 30_000 };

export function journalContract(kind: JournalKind): void {
  describe(`${kind.name}: the contract of journals`, () => {
    let clock: TestClock;
    let place: Place;
    let journal: Journal;
    /** The same place, as another process has it. */
    let elsewhere: Journal;

    beforeEach(async () => {
      clock = new TestClock();
      place = await kind.makePlace();
      journal = await place.open(clock);
      elsewhere = await place.open(clock);
    });
    afterEach(() => place.remove());

    async function begun(id = "a", more: Partial<NewRun> = {}): Promise<Lease> {
      const { lease } = await journal.open(newRun(id, more), CLAIM);
      if (lease === undefined) throw new Error(`expected a lease of ${id}`);
      return lease;
    }

    describe("opening a run", () => {
      test("keeps all that it is given", async () => {
        const given = newRun("job ü {1}", { context: "[2]", input: '["\u2028 ü 👍"]', inputDigest: "x" });
        const opened = await journal.open(given, CLAIM);
        expect(opened).toMatchObject({
          created: true,
          takenOver: false,
          lease: { runId: given.id, token: 1 },
        });
        expect(opened.run).toEqual({
          ...given,
          status: "running",
          attempt: 1,
          token: 1,
          owner: "one",
          dueAt: clock.now() + 30_000,
          cancelReason: undefined,
          value: undefined,
          createdAt: clock.now(),
          endedAt: undefined,
        });
        expect(await elsewhere.read(given.id)).toEqual(opened.run);
        expect(await elsewhere.entries(given.id)).toEqual([]);
        expect(await journal.read("nobody")).toBeUndefined();
        expect(await journal.entries("nobody")).toEqual([]);
      });

      test("the same id again is the same run, as it was first given", async () => {
        await begun();
        const again = await elsewhere.open(
          newRun("a", { input: "[2]", tenant: "other", inputDigest: "e" }),
          OTHER,
        );
        expect(again).toMatchObject({ created: false, lease: undefined });
        expect(again.run).toMatchObject({
          input: "[1]",
          tenant: "acme-corp",
          inputDigest: "d",
          owner: "one",
        });
      });

      test("asked for at once by many, one of them gets it", async () => {
        const all = await Promise.all(
          [journal, elsewhere, journal, elsewhere].map((each) => each.open(newRun("a"), CLAIM)),
        );
        expect(all.filter(({ lease }) => lease !== undefined)).toHaveLength(1);
        expect(all.filter(({ created }) => created)).toHaveLength(1);
      });

      test("takes a run whose owner is gone, and says so", async () => {
        const lost = await begun();
        await clock.advance(30_001);
        const again = await elsewhere.open(newRun("a"), OTHER);
        expect(again).toMatchObject({ created: false, takenOver: true, lease: { token: 2 } });
        await expect(journal.write(lost, newEntry("/x"))).rejects.toThrow(LeaseLost);
      });

      test("refuses an id that no store could keep, and a lease of no length", async () => {
        await expect(journal.open(newRun(""))).rejects.toThrow(/expected an id of 1 to 256/);
        await expect(journal.open(newRun("x".repeat(257)))).rejects.toThrow(RangeError);
        await expect(journal.open(newRun("\ud800"))).rejects.toThrow(RangeError);
        await expect(journal.open(newRun("a"), { owner: "one", leaseMs: 0 })).rejects.toThrow(/leaseMs/);
        await expect(journal.open(newRun("a", { flow: { name: "order", version: 1.5 } }))).rejects.toThrow(
          /version/,
        );
        expect(await journal.read("a")).toBeUndefined();
      });
    });

    describe("entries", () => {
      test("come back in the order in which their places were first written", async () => {
        const lease = await begun();
        const entries = ["/b", "/a", "/a%2f;b#2", "/c"].map((path) => newEntry(path));
        for (const entry of entries) await journal.write(lease, entry);
        expect(await elsewhere.entries("a")).toEqual(entries);
      });

      test("a failure stays beside the attempts after it", async () => {
        const lease = await begun();
        const failed = newEntry("/a", { status: "failed", value: '"no"' });
        const good = newEntry("/a", { attempt: 2 });
        await journal.write(lease, failed);
        await journal.write(lease, good);
        expect(await journal.entries("a")).toEqual([failed, good]);
      });

      test("what waits is decided in its place; a success is final", async () => {
        const lease = await begun();
        await journal.write(
          lease,
          newEntry("/a", { status: "waiting", value: undefined, endedAt: undefined }),
        );
        await journal.write(lease, newEntry("/b"));
        await journal.write(lease, newEntry("/a", { value: '"first"' }));
        await journal.write(lease, newEntry("/a", { value: '"second"' }));
        await journal.write(lease, newEntry("/a", { status: "failed" }));
        expect(await journal.entries("a")).toEqual([newEntry("/a", { value: '"first"' }), newEntry("/b")]);
      });

      test("keep values of any size and text", async () => {
        const lease = await begun();
        const value = JSON.stringify("ü👍\u0000\n".repeat(100_000));
        await journal.write(lease, newEntry("/a", { value, name: "n\u0000ü" }));
        await journal.write(lease, newEntry("/b", { value: "" }));
        expect(await elsewhere.entries("a")).toEqual([
          newEntry("/a", { value, name: "n\u0000ü" }),
          newEntry("/b", { value: "" }),
        ]);
      });

      test("of many runs in one turn are all kept; one that is refused fails no other", async () => {
        const leases = await Promise.all(Array.from({ length: 100 }, (_, at) => begun(`run-${at}`)));
        const writes = leases.map((lease, at) =>
          journal.write(at % 10 === 0 ? { ...lease, token: 99 } : lease, newEntry("/a")),
        );
        const settled = await Promise.allSettled(writes);
        expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(10);
        const kept = await Promise.all(leases.map(({ runId }) => elsewhere.entries(runId)));
        expect(kept.filter((entries) => entries.length === 1)).toHaveLength(90);
      });
    });

    describe("leases", () => {
      test("only the newest writes", async () => {
        const old = await begun();
        expect(await elsewhere.claim("a", OTHER)).toBeUndefined();
        await clock.advance(30_000);
        const claimed = await elsewhere.claim("a", OTHER);
        expect(claimed).toMatchObject({
          takenOver: true,
          lease: { token: 2 },
          run: { owner: "other", token: 2 },
        });
        const refused: (() => Promise<unknown>)[] = [
          () => journal.write(old, newEntry("/a")),
          () => journal.attempt(old, 2),
          () => journal.park(old, {}),
          () => journal.end(old, { status: "succeeded" }),
          () => journal.take(old, "approve", newEntry("/a")),
        ];
        for (const each of refused) await expect(each()).rejects.toThrow(LeaseLost);
        expect(await journal.renew([old], 30_000)).toEqual([{ state: "lost", cancelReason: undefined }]);
        expect(await journal.entries("a")).toEqual([]);
        expect(await journal.read("a")).toEqual(claimed?.run);
      });

      test("one that ran out is good until someone else claims the run", async () => {
        const lease = await begun();
        await clock.advance(60_000);
        await journal.write(lease, newEntry("/a"));
        expect(await journal.renew([lease], 30_000)).toEqual([{ state: "kept", cancelReason: undefined }]);
        expect(await elsewhere.claim("a", OTHER)).toBeUndefined();
      });

      test("of an unknown run, or one never given, write nothing", async () => {
        await begun();
        await expect(journal.write({ runId: "nobody", token: 1 }, newEntry("/a"))).rejects.toThrow(LeaseLost);
        await expect(journal.write({ runId: "a", token: 2 }, newEntry("/a"))).rejects.toThrow(LeaseLost);
        await expect(journal.write({ runId: "a", token: 0 }, newEntry("/a"))).rejects.toThrow(LeaseLost);
      });

      test("renewing holds off the others, for many in one call", async () => {
        const [a, b] = [await begun("a"), await begun("b")];
        await clock.advance(20_000);
        await journal.end(b, { status: "succeeded" });
        expect(await journal.renew([a, b, { runId: "c", token: 1 }], 30_000)).toMatchObject([
          { state: "kept" },
          { state: "lost" },
          { state: "lost" },
        ]);
        expect(await journal.renew([], 30_000)).toEqual([]);
        await clock.advance(20_000);
        expect(await elsewhere.claimDue({ ...OTHER, flows: FLOWS, limit: 10 })).toEqual([]);
        await clock.advance(10_000);
        expect(await elsewhere.claimDue({ ...OTHER, flows: FLOWS, limit: 10 })).toHaveLength(1);
      });

      test("the attempt is kept with the run", async () => {
        const lease = await begun();
        await journal.attempt(lease, 3);
        expect(await elsewhere.read("a")).toMatchObject({ attempt: 3, owner: "one" });
      });
    });

    describe("what is due", () => {
      test("an enqueued run is claimed once, the longest due first", async () => {
        await journal.open(newRun("late", { dueAt: clock.now() + 10 }));
        await journal.open(newRun("now"));
        await journal.open(newRun("early", { dueAt: clock.now() - 10 }));
        const claims = await Promise.all([
          journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 1 }),
          elsewhere.claimDue({ ...OTHER, flows: FLOWS, limit: 1 }),
        ]);
        expect(
          claims
            .flat()
            .map(({ run }) => run.id)
            .sort(),
        ).toEqual(["early", "now"]);
        expect(claims.flat()).toMatchObject([{ takenOver: false }, { takenOver: false }]);
        expect(await journal.nextDue({ flows: FLOWS })).toBe(clock.now() + 10);
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 9 })).toEqual([]);
        await clock.advance(10);
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 9 })).toMatchObject([
          { run: { id: "late" } },
        ]);
      });

      test("the limit is kept and the rest stays", async () => {
        for (let at = 0; at < 25; at++)
          await journal.open(newRun(`r${at}`, { dueAt: clock.now() - 25 + at }));
        const first = await elsewhere.claimDue({ ...OTHER, flows: FLOWS, limit: 10 });
        expect(first.map(({ run }) => run.id)).toEqual(Array.from({ length: 10 }, (_, at) => `r${at}`));
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 100 })).toHaveLength(15);
      });

      test("only of the flows and versions that are asked for", async () => {
        const flows = [
          { name: "order", version: 2 },
          { name: "a:1@{b}", version: 1 },
        ];
        await journal.open(newRun("one"));
        await journal.open(newRun("two", { flow: { name: "order", version: 2 } }));
        await journal.open(newRun("three", { flow: { name: "a:1@{b}", version: 1 } }));
        expect(await journal.claimDue({ ...CLAIM, flows: [], limit: 10 })).toEqual([]);
        const claimed = await journal.claimDue({ ...CLAIM, flows, limit: 10 });
        expect(claimed.map(({ run }) => run.id).sort()).toEqual(["three", "two"]);
        expect(await journal.nextDue({ flows: [] })).toBeUndefined();
      });

      test("what was never begun can be left to others", async () => {
        await journal.open(newRun("enqueued"));
        await begun("begun");
        await clock.advance(30_000);
        const filter = { flows: FLOWS, begunOnly: true };
        expect(await journal.nextDue(filter)).toBe(clock.now());
        const claimed = await journal.claimDue({ ...CLAIM, ...filter, limit: 10 });
        expect(claimed).toMatchObject([{ run: { id: "begun" }, takenOver: true }]);
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 10 })).toMatchObject([
          { run: { id: "enqueued" }, takenOver: false },
        ]);
      });

      test("a leased run is due when its lease runs out; an ended one never", async () => {
        const lease = await begun();
        expect(await journal.nextDue({ flows: FLOWS })).toBe(clock.now() + 30_000);
        await journal.end(lease, { status: "succeeded" });
        expect(await journal.nextDue({ flows: FLOWS })).toBeUndefined();
        await clock.advance(100_000);
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 10 })).toEqual([]);
        expect(await journal.claim("a", CLAIM)).toBeUndefined();
      });
    });

    describe("a parked run", () => {
      test("sleeps until its time, and goes on with a new lease", async () => {
        const lease = await begun();
        await journal.park(lease, { dueAt: clock.now() + 5_000 });
        expect(await journal.read("a")).toMatchObject({
          owner: undefined,
          status: "running",
          dueAt: clock.now() + 5_000,
        });
        await expect(journal.write(lease, newEntry("/a"))).rejects.toThrow(LeaseLost);
        expect(await elsewhere.nextDue({ flows: FLOWS })).toBe(clock.now() + 5_000);
        expect(await elsewhere.claimDue({ ...OTHER, flows: FLOWS, limit: 1 })).toEqual([]);
        await clock.advance(5_000);
        expect(await elsewhere.claimDue({ ...OTHER, flows: FLOWS, limit: 1 })).toMatchObject([
          { run: { id: "a", attempt: 1 }, lease: { token: 2 }, takenOver: false },
        ]);
      });

      test("asked to park again by the same lease it stays as it is", async () => {
        const lease = await begun();
        await journal.park(lease, { dueAt: clock.now() + 5_000 });
        await journal.park(lease, { dueAt: clock.now() + 5_000 });
        await elsewhere.claim("a", OTHER);
        await expect(journal.park(lease, {})).rejects.toThrow(LeaseLost);
      });

      test("begins the next attempt, where that is wanted", async () => {
        const lease = await begun();
        await journal.park(lease, { dueAt: clock.now(), attempt: 2 });
        expect(await journal.claim("a", CLAIM)).toMatchObject({ run: { attempt: 2 } });
      });

      test("is woken by the message that it waits for, and by no other", async () => {
        const lease = await begun();
        await journal.park(lease, { messages: ["approve", "reject"] });
        expect(await journal.nextDue({ flows: FLOWS })).toBeUndefined();
        await elsewhere.send("a", { name: "other", value: "1" });
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 1 })).toEqual([]);
        await elsewhere.send("a", { name: "reject", value: "2" });
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 1 })).toHaveLength(1);
      });

      test("is due at once for a message that came before it parked", async () => {
        const lease = await begun();
        await journal.send("a", { name: "approve", value: "1" });
        await journal.park(lease, { messages: ["approve"], dueAt: clock.now() + 9_000 });
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 1 })).toHaveLength(1);
      });

      test("with a limit is woken by time too", async () => {
        const lease = await begun();
        await journal.park(lease, { messages: ["approve"], dueAt: clock.now() + 9_000 });
        await clock.advance(9_000);
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 1 })).toHaveLength(1);
      });

      test("on hold is woken by nothing but a claim, and runs again then", async () => {
        const lease = await begun();
        await journal.park(lease, { paused: true, messages: ["approve"], dueAt: clock.now() });
        await journal.send("a", { name: "approve", value: "1" });
        await clock.advance(1_000_000);
        expect(await journal.read("a")).toMatchObject({ status: "paused", dueAt: undefined });
        expect(await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 1 })).toEqual([]);
        expect(await elsewhere.claim("a", OTHER)).toMatchObject({
          run: { status: "running" },
          takenOver: false,
        });
      });
    });

    describe("messages", () => {
      const wait = newEntry("/wait", {
        kind: "wait",
        name: "approve",
        status: "waiting",
        value: undefined,
        endedAt: undefined,
      });

      test("are taken once, oldest first, each name by itself", async () => {
        const lease = await begun();
        expect(await journal.take(lease, "approve", wait)).toBeUndefined();
        await elsewhere.send("a", { name: "approve", value: "1" });
        await elsewhere.send("a", { name: "other", value: "2" });
        await elsewhere.send("a", { name: "approve", value: "3" });
        const taken = await journal.take(lease, "approve", wait);
        expect(taken).toEqual({ ...wait, status: "succeeded", value: "1", endedAt: clock.now() });
        expect(await journal.take(lease, "approve", { ...wait, path: "/b" })).toMatchObject({ value: "3" });
        expect(await journal.take(lease, "approve", { ...wait, path: "/c" })).toBeUndefined();
        expect(await journal.take(lease, "other", { ...wait, path: "/c" })).toMatchObject({ value: "2" });
        expect((await elsewhere.entries("a")).map(({ path, value }) => [path, value])).toEqual([
          ["/wait", "1"],
          ["/b", "3"],
          ["/c", "2"],
        ]);
      });

      test("a place that has its message gets the same again", async () => {
        const lease = await begun();
        await journal.write(lease, wait);
        await journal.send("a", { name: "approve", value: "1" });
        await journal.send("a", { name: "approve", value: "2" });
        const taken = await journal.take(lease, "approve", wait);
        expect(await journal.take(lease, "approve", wait)).toEqual(taken);
        expect(await journal.take(lease, "approve", { ...wait, path: "/b" })).toMatchObject({ value: "2" });
      });

      test("outlive the owner that did not take them", async () => {
        await begun();
        await journal.send("a", { name: "approve", value: "1" });
        await clock.advance(30_000);
        const claimed = await elsewhere.claim("a", OTHER);
        expect(await elsewhere.take(claimed?.lease as Lease, "approve", wait)).toMatchObject({ value: "1" });
      });

      test("one with the same id is the same, also after it was taken or the run has ended", async () => {
        const lease = await begun();
        await journal.send("a", { id: "m", name: "approve", value: "1" });
        await elsewhere.send("a", { id: "m", name: "approve", value: "2" });
        expect(await journal.take(lease, "approve", wait)).toMatchObject({ value: "1" });
        await journal.send("a", { id: "m", name: "approve", value: "3" });
        expect(await journal.take(lease, "approve", { ...wait, path: "/b" })).toBeUndefined();
        await journal.end(lease, { status: "succeeded" });
        await journal.send("a", { id: "m", name: "approve", value: "4" });
      });

      test("to nobody, and to a run that has ended, are refused", async () => {
        await expect(journal.send("nobody", { name: "x", value: "1" })).rejects.toThrow(RunUnknown);
        await journal.end(await begun(), { status: "cancelled" });
        await expect(journal.send("a", { name: "x", value: "1" })).rejects.toThrow(RunEnded);
      });
    });

    describe("the end", () => {
      test("is kept, and is the end", async () => {
        const lease = await begun();
        await clock.advance(5);
        await journal.end(lease, { status: "failed", value: '["no"]' });
        const ended = {
          status: "failed",
          value: '["no"]',
          endedAt: clock.now(),
          owner: undefined,
          dueAt: undefined,
        };
        expect(await elsewhere.read("a")).toMatchObject(ended);
        await journal.end(lease, { status: "succeeded", value: "[]" });
        expect(await elsewhere.read("a")).toMatchObject(ended);
        await expect(journal.write(lease, newEntry("/a"))).rejects.toThrow(LeaseLost);
        await expect(journal.park(lease, {})).rejects.toThrow(LeaseLost);
        expect(await elsewhere.open(newRun("a"), OTHER)).toMatchObject({
          created: false,
          lease: undefined,
          run: ended,
        });
      });

      test("a wish to cancel reaches whoever has the run, with the first reason", async () => {
        const lease = await begun();
        await elsewhere.cancel("a", "customer left");
        await elsewhere.cancel("a", "again");
        expect(await journal.renew([lease], 1_000)).toEqual([
          { state: "kept", cancelReason: "customer left" },
        ]);
        expect(await journal.read("a")).toMatchObject({ status: "running", cancelReason: "customer left" });
        await journal.park(lease, { dueAt: clock.now() + 1_000_000 });
        expect(await journal.nextDue({ flows: FLOWS })).toBe(clock.now());
      });

      test("a run that nobody has is due when it is to be cancelled", async () => {
        await journal.park(await begun("parked"), { messages: ["x"] });
        await journal.park(await begun("held"), { paused: true });
        await journal.open(newRun("later", { dueAt: clock.now() + 1_000_000 }));
        for (const id of ["parked", "held", "later"]) await elsewhere.cancel(id, "no longer wanted");
        const claimed = await journal.claimDue({ ...CLAIM, flows: FLOWS, limit: 10 });
        expect(claimed.map(({ run }) => run.cancelReason)).toEqual(Array(3).fill("no longer wanted"));
      });

      test("cancelling what has ended does nothing; what never was is an error", async () => {
        await journal.end(await begun(), { status: "succeeded" });
        await journal.cancel("a", "late");
        expect(await journal.read("a")).toMatchObject({ status: "succeeded", cancelReason: undefined });
        await expect(journal.cancel("nobody", "x")).rejects.toThrow(RunUnknown);
      });
    });

    describe("retention", () => {
      test("deletes what ended before, with all that is its own, oldest first", async () => {
        for (const id of ["a", "b", "c"]) {
          const lease = await begun(id);
          await journal.write(lease, newEntry("/a"));
          await journal.send(id, { id: "m", name: "x", value: "1" });
          await journal.end(lease, { status: "succeeded" });
          await clock.advance(10);
        }
        await begun("open");
        const endedBefore = clock.now() - 10;
        expect(await elsewhere.prune({ endedBefore, limit: 1 })).toBe(1);
        expect(await journal.read("a")).toBeUndefined();
        expect(await elsewhere.prune({ endedBefore })).toBe(1);
        expect(await journal.read("b")).toBeUndefined();
        expect(await journal.entries("b")).toEqual([]);
        expect(await journal.read("c")).toMatchObject({ status: "succeeded" });
        await clock.advance(1_000_000);
        expect(await elsewhere.prune({ endedBefore: clock.now() })).toBe(1);
        expect(await journal.read("open")).toBeDefined();
        await begun("b");
        await journal.send("b", { id: "m", name: "x", value: "1" });
        expect(await journal.entries("b")).toEqual([]);
        await expect(journal.prune({ endedBefore: 0, limit: 0 })).rejects.toThrow(/limit/);
      });
    });

    describe("watching", () => {
      /** Resolves when told. */
      function told(watch: (listener: () => void) => () => void): Promise<void> {
        return new Promise((resolve) => {
          const stop = watch(() => {
            stop();
            resolve();
          });
        });
      }

      test("tells of a message, a wish to cancel and the end, here and elsewhere", async () => {
        const lease = await begun();
        for (const from of [journal, elsewhere]) {
          const events: (() => Promise<void>)[] = [
            () => from.send("a", { name: "x", value: "1" }),
            () => from.cancel("a", "no"),
          ];
          for (const event of events) {
            const heard = told((listener) => journal.watch("a", listener));
            await watching();
            await event();
            await heard;
          }
        }
        const heard = told((listener) => elsewhere.watch("a", listener));
        await watching();
        await journal.end(lease, { status: "succeeded" });
        await heard;
      });

      test("tells of runs that became due by another's doing", async () => {
        for (const [at, from] of [journal, elsewhere].entries()) {
          const heard = told((listener) => journal.watchDue(listener));
          await watching();
          await from.open(newRun(`due-${at}`));
          await heard;
        }
      });

      test("ends when it is told to, also twice", async () => {
        await begun();
        let calls = 0;
        const stop = journal.watch("a", () => calls++);
        stop();
        stop();
        await journal.send("a", { name: "x", value: "1" });
        await told((listener) => {
          const done = journal.watch("a", listener);
          void journal.send("a", { name: "y", value: "1" });
          return done;
        });
        expect(calls).toBe(0);
      });

      /** A watch may need a round trip before it hears. */
      async function watching(): Promise<void> {
        await journal.read("a");
        await elsewhere.read("a");
      }
    });

    test("a closed journal has kept what it was told, and says that it is closed", async () => {
      const lease = await begun();
      const written = journal.write(lease, newEntry("/a"));
      await journal.close();
      await written;
      await journal.close();
      await expect(journal.read("a")).rejects.toThrow(JournalUnavailable);
      await expect(journal.write(lease, newEntry("/b"))).rejects.toThrow(/closed/);
    });

    modelTest(kind);
  });
}
