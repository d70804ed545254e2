import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { onDiagnostic } from "../src/diagnostics.ts";
import { flow, step } from "../src/index.ts";
import { readOptions, type SetupOptions } from "../src/options.ts";
import { inject } from "../src/propagation.ts";
import { createRedactor } from "../src/redact.ts";
import { record, thrownBy } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp" };
const R = "[redacted]";
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
const PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----";

test.each([
  ["password", true],
  ["Password", true],
  ["db.password", true],
  ["userPassword", true],
  ["PGPASSWORD", true],
  ["passwd", true],
  ["password_hash", true],
  ["client_secret", true],
  ["clientSecret", true],
  ["token", true],
  ["accessToken", true],
  ["refresh-token", true],
  ["csrftoken", true],
  ["access_tokens", true],
  ["authorization", true],
  ["Proxy-Authorization", true],
  ["authorization_code", true],
  ["auth", true],
  ["proxyAuth", true],
  ["cookie", true],
  ["Set-Cookie", true],
  ["setcookie", true],
  ["x-api-key", true],
  ["apiKey", true],
  ["API_KEY", true],
  ["apikey", true],
  ["AWS_SECRET_ACCESS_KEY", true],
  ["private_key", true],
  ["credentials", true],
  ["card", true],
  ["card_number", true],
  ["creditCard", true],
  ["cardnumber", true],
  ["cvv", true],
  ["CVC", true],
  ["ssn", true],
  ["social_security_number", true],
  ["otp", true],
  ["jwt", true],
  ["tokens_used", false],
  ["max_tokens", false],
  ["prompt_tokens", false],
  ["token_count", false],
  ["tokenType", false],
  ["token_expires_at", false],
  ["password_length", false],
  ["password_changed_at", false],
  ["api_key_id", false],
  ["card_brand", false],
  ["card_last4", false],
  ["authorization_status", false],
  ["auth_user", false],
  ["author", false],
  ["authenticated", false],
  ["secretary", false],
  ["discard", false],
  ["cardinality", false],
  ["tokenizer", false],
  ["key", false],
  ["primary_key", false],
  ["keyboard", false],
  ["rows", false],
  ["constructor", false],
  ["__proto__", false],
  ["", false],
])("the key %j tells of a secret: %s", (key, expected) => {
  expect(createRedactor().hides(key)).toBe(expected);
});

test.each([
  ["Authorization: Bearer abc.def-123", `Authorization: ${R}`],
  ["sent bearer s3cr3t-value to the bank", `sent bearer ${R} to the bank`],
  ["Basic dXNlcjpwYXNzd29yZA==", `Basic ${R}`],
  ["Cookie: sid=1; theme=dark\nHost: x", `Cookie: ${R}\nHost: x`],
  ["postgres://app:hunter2@db:5432/x failed", `postgres://app:${R}@db:5432/x failed`],
  ["redis://:p@ss@cache:6379", `redis://:${R}@cache:6379`],
  ["https://abcdefghijklmnopqrstuvwxyz@host/x", `https://${R}@host/x`],
  [`got ${JWT}, expired`, `got ${R}, expired`],
  ["card 4111 1111 1111 1111 declined", `card ${R} declined`],
  ["card 4111-1111-1111-1111.", `card ${R}.`],
  ["378282246310005", R],
  [`key: ${PEM}\nend`, `key: ${R}\nend`],
  [`cut: ${PEM.slice(0, 50)}`, `cut: ${R}`],
  ["password=hunter2&user=7", `password=${R}&user=7`],
  ["GET /cb?token=abc123&x=1", `GET /cb?token=${R}&x=1`],
  ["Server=db;Password=p4ss,word;Port=1", `Server=db;Password=${R};Port=1`],
  ['{"password":"a\\"b","user":"x"}', `{"password":"${R}","user":"x"}`],
  ['{"cvv":123,"user":"x"}', `{"cvv":${R},"user":"x"}`],
  ['{"credentials":{"a":["}"],"b":2},"user":"x"}', `{"credentials":${R},"user":"x"}`],
  ['"{\\"password\\":\\"a\\\\\\"b\\",\\"user\\":1}"', `"{\\"password\\":\\"${R}\\",\\"user\\":1}"`],
  ["{ apiKey: 'abc', retries: 3 }", `{ apiKey: '${R}', retries: 3 }`],
  ["secret => 'abc'", `secret => '${R}'`],
  ['{"password":"cut off in the mid', `{"password":"${R}`],
  ["using sk_live_4eC39HqLyjWDarjtT1zdp7dc", `using ${R}`],
  [`refused weir_ingest_4k2m9x1q_${"0a".repeat(25)}!`, `refused ${R}!`],
  ["AKIAIOSFODNN7EXAMPLE is gone", `${R} is gone`],
])("%j is scrubbed", (text, expected) => {
  const redactor = createRedactor();
  expect(redactor.text(text)).toBe(expected);
  // What was scrubbed once stays as it is.
  expect(redactor.text(expected)).toBe(expected);
});

test.each([
  "Invalid data format in row 7: expected a number",
  "Unexpected token } in JSON at position 3",
  "TypeError: token is not a function\n    at Token.parse (file:///app/src/token.ts:12:3)\n    at node:internal/x:1:2",
  "C:\\app\\password.js:10:5",
  "if (token === undefined) return",
  "Basic authentication failed",
  "no bearer token was given",
  "ssh://git@github.com/weir/weir.git",
  "4111 1111 1111 1112",
  "0.4111111111111111",
  "1795341600000",
  "order 00000000-0000-7000-8000-000000000000",
  "http://example.com/a:b?x=@y",
  '{"tokens_used":120,"keys":["a"]}',
  "password: null",
  "token=undefined",
])("%j is left as it is", (text) => {
  expect(createRedactor().text(text)).toBe(text);
});

test("the user's keys and patterns are hidden too, also in text, by the user's own word", () => {
  const secret = /\bDE\d{20}\b/g;
  const redactor = createRedactor({
    keys: ["IBAN", /^x-internal-/i],
    patterns: [secret],
    replaceWith: "$&***",
  });
  for (const key of ["iban", "customerIban", "iban_status", "X-Internal-Id"]) {
    expect(redactor.hides(key)).toBe(true);
    expect(redactor.hides(key)).toBe(true);
  }
  expect(redactor.hides("ibanez")).toBe(false);
  for (let i = 0; i < 2; i++) {
    expect(redactor.text("to DE12345678901234567890 now")).toBe("to $&*** now");
    expect(redactor.text('{"iban":"x"} password=y')).toBe('{"iban":"$&***"} password=$&***');
  }
});

/** Texts that lead careless patterns to try again from every place. A pattern that did would take minutes here. */
test.each([
  ["eyJ", "eyJ-"],
  ["eyJ with dots", "eyJaaaaa."],
  ["word", "a"],
  ["dashes", "-"],
  ["key ends", "-----BEGIN PRIVATE KEY-----"],
  ["begun keys", "-----BEGIN AAAA "],
  ["digits", "4"],
  ["spaced digits", "4111 "],
  ["addresses", "://"],
  ["passwords", "://a:b"],
  ["at", "@://@"],
  ["pairs", "password="],
  ["quoted pairs", '"password":"'],
  ["brackets", '"credentials":{'],
  ["escapes", "\\"],
  ["pair and escapes", 'password:\\"\\\\'],
  ["spaces", "token   "],
  ["bearer", "bearer "],
  ["basic", "Basic aaaa:"],
  ["token", "sk-"],
  ["slack", "xoxb-"],
  ["cookie", "Cookie: a"],
])("a megabyte of %s is read in one go", (_what, part) => {
  const text = part.repeat(Math.ceil(1_000_000 / part.length));
  const redactor = createRedactor({ keys: ["mine"] });
  for (const hostile of [text, `password=${text}`, `"token":"${text}`, `bearer ${text}!`])
    redactor.text(hostile);
});

test("of any text and any secret, the secret does not come through", () => {
  const around = fc.string({ maxLength: 20 }).map((text) => `${text.replace(/[\w"'`\\-]/g, "")} `);
  const secret = fc.stringMatching(/^[a-zA-Z0-9]{12,40}$/);
  const shapes = fc.constantFrom<(value: string) => string>(
    (value) => `password=${value}`,
    (value) => `{"a":1,"apiKey":"${value}"}`,
    (value) => JSON.stringify(JSON.stringify({ client_secret: value, x: 1 })),
    (value) => `Authorization: Bearer ${value}`,
    (value) => `amqp://user:${value}@queue`,
    (value) => `Set-Cookie: sid=${value}; Path=/`,
  );
  fc.assert(
    fc.property(around, secret, shapes, around, (before, value, shape, after) => {
      expect(createRedactor().text(before + shape(value) + after)).not.toContain(value);
    }),
    { numRuns: 500 },
  );
});

test("attributes, nested objects and JSON text in them, labels and events leave without secrets", async () => {
  const recorder = record();
  const headers = flow.start(
    { ...IMPORT, labels: { api_token: "s3cr3t", note: "password=s3cr3t", plan: "pro" } },
    (f) => {
      const attributes = {
        password: "s3cr3t",
        secret: { deep: "s3cr3t" },
        pin_token: 12345,
        has_password: true,
        tokens_used: 120,
        user: { name: "ann", apiKey: "s3cr3t", list: [{ cookie: "s3cr3t" }, "token=s3cr3t"], ok: 1 },
        body: '{"password":"s3cr3t","rows":7}',
        lines: ["a", "password: s3cr3t"],
        number: 4111111111111111,
        bytes: Buffer.from("s3cr3t"),
      };
      step.start("login", { attributes }, () => {});
      flow.event("tried", attributes);
      f.setLabel("session_token", "s3cr3t");
      return inject({});
    },
  );
  const spans = await recorder.finished();
  expect(JSON.stringify(spans)).not.toContain("s3cr3t");
  expect(headers["baggage"]).not.toContain("s3cr3t");
  for (const name of ["login", "tried"]) {
    expect((await recorder.one(name)).attributes).toMatchObject({
      password: R,
      secret: R,
      pin_token: R,
      has_password: true,
      tokens_used: 120,
      user: `{"name":"ann","apiKey":"${R}","list":[{"cookie":"${R}"},"token=${R}"],"ok":1}`,
      body: `{"password":"${R}","rows":7}`,
      lines: ["a", `password: ${R}`],
      number: R,
      bytes: "(6 bytes)",
    });
  }
  expect((await recorder.one("data_import")).attributes).toMatchObject({
    "weir.label.api_token": R,
    "weir.label.note": `password=${R}`,
    "weir.label.plan": "pro",
  });
});

test("error messages, stacks, causes and reasons leave without secrets; the error itself is untouched", async () => {
  const recorder = record();
  const error = new Error("connect postgres://app:s3cr3t@db failed", {
    cause: new AggregateError([new Error("password=s3cr3t")], "token: s3cr3t"),
  });
  flow.start(IMPORT, (f) => {
    thrownBy(() =>
      step.start("connect", () => {
        throw error;
      }),
    );
    thrownBy(() =>
      step.start("stop", () => {
        throw new DOMException("api_key=s3cr3t was revoked", "AbortError");
      }),
    );
    f.cancel("password=s3cr3t leaked");
  });
  expect(error.message).toContain("s3cr3t");
  const connect = await recorder.one("connect");
  expect(connect.error?.["exception.message"]).toBe(`connect postgres://app:${R}@db failed`);
  expect(connect.error?.["exception.stacktrace"]).toContain("redact.test.ts");
  expect((await recorder.one("stop")).attributes["weir.reason"]).toBe(`api_key=${R} was revoked`);
  expect((await recorder.one("data_import")).attributes["weir.reason"]).toBe(`password=${R} leaked`);
  expect(JSON.stringify(await recorder.spans())).not.toContain("s3cr3t");
});

test("names, tenants and ids are not redacted: they are what is searched for", async () => {
  const recorder = record();
  flow.start({ name: "token=a", tenant: "4111111111111111", id: "password=b" }, () => {});
  expect((await recorder.one("token=a")).attributes).toMatchObject({
    "weir.tenant": "4111111111111111",
    "weir.flow.id": "password=b",
  });
});

test("redact: false sends all as it is", async () => {
  const recorder = record({ redact: false });
  flow.start(IMPORT, () =>
    step.start("login", { attributes: { password: "x", user: { token: 1 } } }, () => {}),
  );
  expect((await recorder.one("login")).attributes).toMatchObject({ password: "x", user: '{"token":1}' });
});

test("redact: keys of the environment are added to those of the option; off turns it off", () => {
  expect(readOptions({}, {}).redact).toEqual({ keys: [], patterns: [], replaceWith: undefined });
  expect(readOptions({ redact: { keys: ["b"] } }, { WEIR_REDACT: "iban, tax id" }).redact).toMatchObject({
    keys: ["iban", "tax id", "b"],
  });
  expect(readOptions({}, { WEIR_REDACT: "off" }).redact).toBe(false);
  expect(readOptions({ redact: {} }, { WEIR_REDACT: "off" }).redact).toMatchObject({ keys: [] });
  expect(readOptions({ redact: false }, { WEIR_REDACT: "iban" }).redact).toBe(false);
});

test.each<[string, unknown]>([
  ["true", true],
  ["null", null],
  ["keys that are no list", { keys: "iban" }],
  ["a key of a wrong type", { keys: [7] }],
  ["patterns of a wrong type", { patterns: ["x"] }],
  ["a replacement that is no text", { replaceWith: {} }],
])("redact: %s costs a diagnostic, never the redaction", (_what, redact) => {
  const said: string[] = [];
  onDiagnostic(({ code }) => said.push(code));
  onTestFinished(() => onDiagnostic(undefined));
  const config = readOptions({ redact } as SetupOptions, {}).redact;
  expect(said).toEqual(["bad-option"]);
  expect(config === false || createRedactor(config).text("password=x")).toBe(`password=${R}`);
});
