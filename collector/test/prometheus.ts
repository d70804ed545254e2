/** A strict reader of Prometheus' text format 0.0.4: what is not exactly as the format says is an error. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

/** By the family's name. */
export class Metrics extends Map<string, Family> {
  /** The value with exactly these labels. */
  value(name: string): (labels: Record<string, string>) => number | undefined {
    return (labels) => {
      const wanted = keyOf(labels);
      return this.get(name)?.samples.find((sample) => keyOf(sample.labels) === wanted)?.value;
    };
  }
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HEADER = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];

/** @throws {Error} naming the line that is wrong. */
export function parseMetrics(text: string): Metrics {
  const families = new Metrics();
  const seen = new Set<string>();
  if (!text.endsWith("\n")) throw new Error("expected a line feed at the end");
  let current: Family | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const [, keyword, family, rest] = HEADER.exec(line) ?? [];
    if (keyword === "HELP") {
      if (families.has(family as string)) throw new Error(`a family is there twice: ${line}`);
      current = { name: family as string, help: rest as string, type: "", samples: [] };
      families.set(current.name, current);
    } else if (keyword === "TYPE") {
      if (current?.name !== family || current?.samples.length) throw new Error(`TYPE out of place: ${line}`);
      if (!TYPES.includes(rest as string)) throw new Error(`no such type: ${line}`);
      (current as Family).type = rest as string;
    } else {
      const sample = readSample(line);
      if (current === undefined || !belongs(sample.name, current)) throw new Error(`of no family: ${line}`);
      const series = `${sample.name} ${keyOf(sample.labels)}`;
      if (seen.has(series)) throw new Error(`a series is there twice: ${line}`);
      seen.add(series);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function readSample(line: string): Sample {
  const [, name, text = "", number] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ""; ) {
    const found = LABEL.exec(rest);
    if (found === null || (found[1] as string) in labels) throw new Error(`bad labels: ${line}`);
    labels[found[1] as string] = (found[2] as string).replaceAll(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    rest = rest.slice(found[0].length);
  }
  const value = { "+Inf": Infinity, "-Inf": -Infinity, NaN: Number.NaN }[number as string] ?? Number(number);
  if (Number.isNaN(value) && number !== "NaN") throw new Error(`no number: ${line}`);
  return { name, labels, value };
}

function belongs(sample: string, { name, type }: Family): boolean {
  const endings = { histogram: ["_bucket", "_sum", "_count"], summary: ["", "_sum", "_count"] }[type] ?? [""];
  return endings.some((ending) => sample === name + ending);
}

/** Buckets rise, end at infinity, and that is the count; for each set of the other labels. */
function checkHistogram({ name, samples }: Family): void {
  const buckets = Map.groupBy(
    samples.filter((sample) => sample.name === `${name}_bucket`),
    ({ labels: { le: _, ...others } }) => keyOf(others),
  );
  for (const [others, series] of buckets) {
    for (const [at, { labels, value }] of series.entries()) {
      const before = series[at - 1];
      if (before === undefined) continue;
      if (
        Number(before.labels.le) >= Number(labels.le?.replace("+Inf", "Infinity")) ||
        before.value > value
      ) {
        throw new Error(`${name}: buckets do not rise at le="${labels.le}"`);
      }
    }
    const count = samples.find((each) => each.name === `${name}_count` && keyOf(each.labels) === others);
    const last = series.at(-1);
    if (last?.labels.le !== "+Inf" || last.value !== count?.value) {
      throw new Error(`${name}: expected a last bucket +Inf that is the count`);
    }
  }
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
