import { expect, test } from "vitest";
import { mayReceive } from "../src/hosts.ts";

const ALLOW = ["api.mycompany.com", "*.partner.example", "203.0.113.9"];

test.each([
  ["localhost", true],
  ["localhost:3000", true],
  ["LOCALHOST", true],
  ["app.localhost", true],
  ["127.0.0.1", true],
  ["127.9.9.9:80", true],
  ["0.0.0.0", true],
  ["10.1.2.3", true],
  ["172.16.0.1", true],
  ["172.31.255.255", true],
  ["172.32.0.1", false],
  ["192.168.1.1:8080", true],
  ["192.169.1.1", false],
  ["169.254.169.254", false],
  ["8.8.8.8", false],
  ["::1", true],
  ["[::1]:3000", true],
  ["fd12:3456::1", true],
  ["[fe80::1%25eth0]:80", true],
  ["2001:db8::1", false],
  ["::ffff:10.0.0.1", true],
  ["[::ffff:7f00:1]", true],
  ["::ffff:8.8.8.8", false],
  ["worker", true],
  ["worker:8080", true],
  ["import_worker", true],
  ["printer.local", true],
  ["db.internal", true],
  ["api.default.svc", true],
  ["api.default.svc.cluster.local", true],
  ["db.internal.", true],
  ["api.stripe.com", false],
  ["internal.evil.com", false],
  ["local", true],
  ["notlocal.com", false],
  ["134744072", false],
  ["0x8080808", false],
  ["8.8.2056", false],
  ["api.mycompany.com", true],
  ["API.MyCompany.com:443", true],
  ["x.api.mycompany.com", false],
  ["api.mycompany.com.evil.com", false],
  ["eu.partner.example", true],
  ["a.b.partner.example", true],
  ["partner.example", false],
  ["evilpartner.example", false],
  ["203.0.113.9", true],
  ["203.0.113.10", false],
  ["", false],
  ["user@localhost", false],
  ["evil.com/localhost", false],
  ["[", false],
])("%s may receive flow identity: %s", (host, expected) => {
  expect(mayReceive(host, ALLOW)).toBe(expected);
});

test("a lone * lets everyone have it", () => {
  expect(mayReceive("api.stripe.com", ["*"])).toBe(true);
});
