/** The files for containers and services, held against what they start: they can't be run everywhere. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { IMAGE_FILES } from "./image-files.ts";
import { ROOT } from "./run.ts";

const FILES = [
  "Dockerfile",
  "docker-compose.yml",
  "deploy/kubernetes/weir.yaml",
  "deploy/systemd/weir.service",
];

test.each(FILES)("%s sets variables that are read", (file) => {
  const known = new Set(read("docs/reference/environment.md").match(/`WEIR_[A-Z_]+`/g));
  const set = read(file).match(/\bWEIR_[A-Z_]+\b/g) ?? [];
  expect(set.length).toBeGreaterThan(0);
  for (const name of set) expect([...known]).toContain(`\`${name}\``);
});

test("the container builds with the pnpm and the Node that a bare machine gets", () => {
  const [dockerfile, toolchain] = [read("Dockerfile"), read("scripts/toolchain.mjs")];
  const [, node, pnpm] = /NODE = "(\d+)\..*?PNPM = "([\d.]+)"/s.exec(toolchain) ?? [];
  expect(dockerfile.match(/pnpm@[\d.]+/g)).toEqual([`pnpm@${pnpm}`]);
  expect(new Set(dockerfile.match(/FROM node:\d+/g))).toEqual(new Set([`FROM node:${node}`]));
});

test("no variable that Kubernetes makes of the service is taken for one of the collector's", () => {
  const manifests = read("deploy/kubernetes/weir.yaml");
  expect(manifests).toMatch(/^kind: Service\nmetadata:\n {2}name: weir$/m);
  expect(manifests).toMatch(/^ {6}enableServiceLinks: false$/m);
});

test("the programs of the compose file are there", () => {
  const programs = read("docker-compose.yml").match(/examples\/\S+?\.ts/g) ?? [];
  expect(programs.length).toBeGreaterThan(3);
  for (const program of programs) expect([program, existsSync(join(ROOT, program))]).toEqual([program, true]);
});

test("the limits of memory are above what overload may take", () => {
  const [, bound] = /peakMiB\)\.toBeLessThan\((\d+)\)/.exec(read("e2e/overload.test.ts")) ?? [];
  const [, pod] = /limits: \{ memory: (\d+)Gi \}/.exec(read("deploy/kubernetes/weir.yaml")) ?? [];
  const [, unit] = /MemoryMax=(\d+)G/.exec(read("deploy/systemd/weir.service")) ?? [];
  const [, service] = /mem_limit: (\d+)g/.exec(read("docker-compose.yml")) ?? [];
  for (const limit of [pod, unit, service]) expect(Number(limit) * 1024).toBeGreaterThan(Number(bound));
});

test("Kubernetes runs the version that its guide builds, which is this one", () => {
  const { version } = JSON.parse(read("collector/package.json"));
  for (const file of IMAGE_FILES) {
    expect(new Set(read(file).match(/\bweir:\d[\w.-]*/g)), file).toEqual(new Set([`weir:${version}`]));
  }
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
