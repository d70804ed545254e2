import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Attempts } from "../src/auth/attempts.ts";
import { readExpiry } from "../src/auth/expiry.ts";
import { Gate } from "../src/auth/gate.ts";
import { idIn, isSecret, mint } from "../src/auth/secret.ts";
import { Uses } from "../src/auth/uses.ts";
import { DAY, type Guarded, NOW, startGuarded } from "./access-support.ts";

describe("a secret", () => {
  test("is 256 random bits behind a readable prefix and a public id", () => {
    const { id, text, hash } = mint("weir_ingest");
    expect(text).toMatch(/^weir_ingest_[0-9a-z]{8}_[0-9a-z]{50}$/);
    expect(idIn(text)).toBe(id);
    expect(hash).toEqual(createHash("sha256").update(text).digest());
    expect(mint("weir_ingest").text).not.toBe(text);
    // All bits count: the largest and the smallest are as long as any.
    for (const byte of [0, 255])
      expect(mint("x", (bytes) => Buffer.alloc(bytes, byte)).text).toHaveLength(61);
  });

  test("is known by its whole text alone, also where there is nothing to compare it with", () => {
    const { text, hash } = mint("weir_read");
    expect(isSecret(text, hash)).toBe(true);
    for (const wrong of [
      `${text}0`,
      text.slice(0, -1),
      text.toUpperCase(),
      "",
      text.replace("read", "admin"),
    ]) {
      expect(isSecret(wrong, hash)).toBe(false);
    }
    expect(isSecret(text, undefined)).toBe(false);
    // What there is nothing for is compared with zeros: that those are no hash of anything does not matter.
    expect(isSecret(text, Buffer.alloc(32))).toBe(false);
  });

  test.each(["", "weir_read", "weir_read_x_y", "a".repeat(10_000), "weir_read_4k2m9x1q_", "__________"])(
    "%j has no id",
    (text) => expect(idIn(text)).toBeUndefined(),
  );
});

test.each([
  ["30m", 1_800],
  ["12h", 43_200],
  ["90d", 7_776_000],
  ["2w", 1_209_600],
  ["3660d", 316_224_000],
  ["3661d", undefined],
  ["0d", undefined],
  ["1y", undefined],
  ["-1d", undefined],
  ["1.5h", undefined],
  ["90", undefined],
  ["", undefined],
])("%j is %j seconds", (text, seconds) => {
  expect(readExpiry(text)).toBe(seconds === undefined ? undefined : seconds * 1_000_000);
});

describe("the gate", () => {
  let weir: Guarded;
  let gate: Gate;
  beforeEach(async () => {
    weir = await startGuarded("never");
    gate = new Gate({ access: weir.access, openWhen: "never", now: () => weir.clock.now });
  });
  afterEach(() => weir.close());
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  test("takes a key until it expires, and not at that moment", async () => {
    const key = await weir.key("ingest", "acme-corp", DAY);
    expect(await gate.callerOf(bearer(key))).toMatchObject({
      role: "ingest",
      tenant: "acme-corp",
      via: "key",
    });
    weir.clock.now = NOW + DAY - 1;
    expect(await gate.callerOf(bearer(key))).toBeDefined();
    weir.clock.now = NOW + DAY;
    expect(await gate.callerOf(bearer(key))).toBeUndefined();
  });

  test("a log-in ends with its key: expired, revoked, and by itself after a week", async () => {
    const short = await gate.logIn(await weir.key("read", null, DAY));
    expect(short?.seconds).toBe(86_400);
    const long = await gate.logIn(await weir.key("read"));
    const session = long?.cookie as string;
    const caller = await gate.callerOf({ session });
    expect(caller).toMatchObject({ role: "read", via: "session" });

    weir.clock.now = NOW + DAY;
    expect(await gate.callerOf({ session: short?.cookie as string })).toBeUndefined();
    weir.clock.now = NOW + 7 * DAY - 1;
    expect(await gate.isStillIn(caller as NonNullable<typeof caller>)).toBe(true);
    weir.clock.now = NOW + 7 * DAY;
    expect(await gate.callerOf({ session })).toBeUndefined();
    expect(await gate.isStillIn(caller as NonNullable<typeof caller>)).toBe(false);
  });

  test("a key that may not read does not log in, nor does anything else", async () => {
    const ended = await weir.key("admin");
    await weir.access.revokeKey(idIn(ended) as string, { by: "test", at: NOW });
    for (const text of [await weir.key("ingest"), ended, "", "nonsense", "Bearer x"]) {
      expect(await gate.logIn(text)).toBeUndefined();
    }
  });

  test("a cookie is no key and a key is no cookie", async () => {
    const key = await weir.key("read");
    const cookie = (await gate.logIn(key))?.cookie as string;
    expect(await gate.callerOf(bearer(cookie))).toBeUndefined();
    expect(await gate.callerOf({ session: key })).toBeUndefined();
    // A wrong key is not made good by a cookie.
    expect(await gate.callerOf({ authorization: "Bearer nonsense", session: cookie })).toBeUndefined();
    expect(await gate.callerOf({ authorization: "Basic nonsense" })).toBeUndefined();
  });

  test("for other doors: lets in by right, or says why not", async () => {
    const key = await weir.key("ingest");
    expect(await gate.admit(bearer(key), "send")).toMatchObject({ role: "ingest" });
    await expect(gate.admit(bearer(key), "read")).rejects.toMatchObject({ code: "forbidden" });
    await expect(gate.admit({}, "send")).rejects.toMatchObject({ code: "unauthenticated" });
  });

  test("when last a key was used is written down, at most once a minute", async () => {
    const key = await weir.key("read");
    const id = idIn(key) as string;
    await gate.callerOf(bearer(key));
    await gate.close();
    expect((await weir.access.key(id))?.lastUsedAt).toBe(NOW);
    weir.clock.now += 59_000_000;
    await gate.callerOf(bearer(key));
    await gate.close();
    expect((await weir.access.key(id))?.lastUsedAt).toBe(NOW);
    weir.clock.now += 1_000_000;
    await gate.callerOf(bearer(key));
    await gate.close();
    expect((await weir.access.key(id))?.lastUsedAt).toBe(NOW + 60_000_000);
  });
});

test("a store that can't note a use now keeps nobody out", async () => {
  const uses = new Uses(() => Promise.reject(new Error("the disk is full")));
  uses.note("4k2m9x1q", NOW);
  await expect(uses.flush()).resolves.toBeUndefined();
});

describe("failed log-ins", () => {
  test("ten a minute from one address, then it waits out the minute", () => {
    let now = 0;
    const attempts = new Attempts(() => now);
    for (let n = 0; n < 10; n++) {
      expect(attempts.waitFor("10.0.0.1")).toBe(0);
      attempts.begun("10.0.0.1");
    }
    expect(attempts.waitFor("10.0.0.1")).toBe(60);
    expect(attempts.waitFor("10.0.0.2")).toBe(0);
    now = 59_999;
    expect(attempts.waitFor("10.0.0.1")).toBe(1);
    now = 60_000;
    expect(attempts.waitFor("10.0.0.1")).toBe(0);
  });

  test("one that worked does not count", () => {
    const attempts = new Attempts(() => 0);
    for (let n = 0; n < 100; n++) {
      attempts.begun("10.0.0.1");
      attempts.worked("10.0.0.1");
    }
    for (let n = 0; n < 10; n++) {
      expect(attempts.waitFor("10.0.0.1")).toBe(0);
      attempts.begun("10.0.0.1");
    }
    expect(attempts.waitFor("10.0.0.1")).toBe(60);
  });

  test("of IPv6 a whole network counts as one", () => {
    const attempts = new Attempts(() => 0);
    for (let n = 0; n < 10; n++) attempts.begun(`2001:db8:1:2::${n.toString(16)}`);
    expect(attempts.waitFor("2001:db8:1:2:ffff:ffff:ffff:ffff")).toBe(60);
    expect(attempts.waitFor("2001:db8:1:3::1")).toBe(0);
    expect(attempts.waitFor("::1")).toBe(0);
  });

  test("a million addresses take a bounded memory", () => {
    const attempts = new Attempts(() => 0);
    for (let n = 0; n < 30_000; n++) attempts.begun(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    expect(attempts.size).toBe(10_000);
  });
});
