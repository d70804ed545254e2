/** Certificates that the environment names, on a real connection over TLS to a collector that asks for one too. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { Diagnostic } from "../src/diagnostics.ts";
import { flow, flush, health, setup, shutdown } from "../src/index.ts";
import { identityOfServer } from "./adapters/certificate.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-certificates-"));
  writeFileSync(join(folder, "cert.pem"), identityOfServer.cert);
  writeFileSync(join(folder, "key.pem"), identityOfServer.key);
});

afterEach(async () => {
  await shutdown(100);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Takes those alone who show the certificate; gives its address and its connections. */
async function collector(answer: (response: ServerResponse) => void): Promise<[string, Socket[]]> {
  const sockets: Socket[] = [];
  const { cert } = identityOfServer;
  const server = createServer({ ...identityOfServer, ca: cert, requestCert: true }, (request, response) => {
    request.resume().on("end", () => answer(response));
  });
  server.on("secureConnection", (socket) => sockets.push(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return [`https://localhost:${(server.address() as AddressInfo).port}`, sockets];
}

test("a collector that is known by them gets the flows, and no more of its answer is read than of another's", async () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_CERTIFICATE", join(folder, "cert.pem"));
  vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", join(folder, "cert.pem"));
  // Of a variable and the one of traces alone, that of traces counts.
  vi.stubEnv("OTEL_EXPORTER_OTLP_CLIENT_KEY", "no such file");
  vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", join(folder, "key.pem"));
  let answered = 0;
  const [endpoint, sockets] = await collector((response) => {
    if (answered++ === 0) response.end("{}");
    else pour(response);
  });
  const said: Diagnostic[] = [];
  setup({ serviceName: "test", endpoint, onDiagnostic: (diagnostic) => said.push(diagnostic) });
  flow.start({ name: "f", tenant: "t" }, () => {});
  await flush();
  expect(health()).toMatchObject({ exported: 1, dropped: 0, lastError: null });
  expect(said).toEqual([]);

  flow.start({ name: "f", tenant: "t" }, () => {});
  await flush();
  expect(health()).toMatchObject({
    exported: 1,
    dropped: 1,
    lastError: { message: expect.stringContaining("at most 65536 bytes") },
  });
  await expect.poll(() => sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

test("without them it gets nothing; a file that can't be read is said", async () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_CERTIFICATE", join(folder, "none.pem"));
  const [endpoint] = await collector((response) => response.end("{}"));
  const said: string[] = [];
  setup({ serviceName: "test", endpoint, onDiagnostic: ({ message }) => said.push(message) });
  flow.start({ name: "f", tenant: "t" }, () => {});
  await flush(300);
  expect(health()).toMatchObject({
    exported: 0,
    lastError: { message: expect.stringMatching(/certificate/) },
  });
  expect(said[0]).toMatch(/expected OTEL_EXPORTER_OTLP_CERTIFICATE to name a file .*none\.pem" \(ENOENT\)/);
});

/** Writes for as long as the other end takes it. */
function pour(to: ServerResponse): void {
  const part = "x".repeat(64_000);
  const more = (): void => {
    while (!to.destroyed && to.write(part));
  };
  to.on("drain", more).on("error", () => {});
  more();
}
