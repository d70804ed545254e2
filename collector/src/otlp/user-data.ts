/** What the user says in a span, in labels and attributes, within bounds. */
import { LABEL_PREFIX, PREFIX } from "@weir/sdk/attributes";
import type { Attributes, AttributeValue } from "../flow.ts";
import { setOwn } from "../set-own.ts";
import { BOUNDS, cut, cutValue } from "./bounds.ts";
import { type RawSpan, textOf } from "./raw-span.ts";

export function labelsOf({ keys, values }: RawSpan): Record<string, string> {
  const labels: Record<string, string> = {};
  let wanted: number[] = [];
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (key.startsWith(LABEL_PREFIX) && key.length > LABEL_PREFIX.length) wanted.push(i);
  }
  if (wanted.length > BOUNDS.labels) wanted = firstKeys(wanted, keys);
  for (const i of wanted) {
    const key = cut((keys[i] as string).slice(LABEL_PREFIX.length), BOUNDS.labelKey);
    setOwn(labels, key, cut(textOf(values[i]), BOUNDS.labelValue));
  }
  return labels;
}

/** The first by key, not by place: the same span sent again in another order keeps the same labels. */
function firstKeys(wanted: number[], keys: string[]): number[] {
  const byKey = new Map(wanted.map((i) => [keys[i] as string, i]));
  return [...byKey.keys()]
    .sort()
    .slice(0, BOUNDS.labels)
    .map((key) => byKey.get(key) as number);
}

/** The user's own. */
export function attributesOf({ keys, values }: RawSpan): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  for (let i = 0; i < keys.length && count < BOUNDS.attributes; i++) {
    const key = keys[i] as string;
    if (key.startsWith(PREFIX)) continue;
    setOwn(attributes, cut(key, BOUNDS.name), cutValue(values[i] as AttributeValue));
    count++;
  }
  return attributes;
}
