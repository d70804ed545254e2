/** What a span may say is bounded, so that one of them can't fill the store; more is cut, not refused. */
import { LIMITS } from "@weir/sdk/attributes";
import type { AttributeValue } from "../flow.ts";

export const BOUNDS = {
  ...LIMITS,
  attributes: 64,
  /** Characters of a value, as JSON where it is no text. */
  attributeValue: 8192,
  errorMessage: 4096,
  errorStack: 32_768,
} as const;

/** Never cuts a character in half. */
export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : text.slice(0, longest).toWellFormed();
}

export function cutValue(value: AttributeValue): AttributeValue {
  if (typeof value === "string") return cut(value, BOUNDS.attributeValue);
  if (typeof value !== "object" || value === null) return value;
  const json = JSON.stringify(value);
  return json.length <= BOUNDS.attributeValue ? value : cut(json, BOUNDS.attributeValue);
}
