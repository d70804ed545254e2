/** A list of strings in the browser's storage; `undefined`: what lies there is none. */
export function readStrings(text: string | undefined): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  } catch {}
  return undefined;
}
