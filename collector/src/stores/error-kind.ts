/** Errors of one cause have different messages: "bad row 7", "bad row 8". What differs is left out to group them. */
import type { FlowError } from "../flow.ts";

/** Of a type and of a message so many characters tell errors apart. */
const LONGEST_TYPE = 60;
const LONGEST_MESSAGE = 160;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** Eight and more hex digits of which one is a digit: an id, a hash, an address. A word such as `feedface` may stay. */
const HEX = /\b(?:0x)?(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi;
const NUMBER = /\d+(?:[.,:]\d+)*/g;
const QUOTED = /"[^"\n]*"|(?<!\w)'[^'\n]{1,80}'(?!\w)|`[^`\n]*`/g;
const SPACE = /\s+/g;

/**
 * @example normalMessage(`row 17: no such file "a.csv"`) // `row #: no such file "…"`
 */
function normalMessage(message: string): string {
  const [line = ""] = message
    .slice(0, 4 * LONGEST_MESSAGE)
    .trimStart()
    .split("\n", 1);
  return line
    .replace(QUOTED, (text) => `${text[0]}…${text[0]}`)
    .replace(UUID, "#")
    .replace(HEX, "#")
    .replace(NUMBER, "#")
    .replace(SPACE, " ")
    .trim()
    .slice(0, LONGEST_MESSAGE);
}

/** Type and message of a kind of error. */
export type ErrorKind = Pick<FlowError, "type" | "message">;

export function kindOfError({ type, message }: FlowError): ErrorKind {
  return { type: type.slice(0, LONGEST_TYPE), message: normalMessage(message) };
}

/** As one text, and back. A type holds no line break. */
export function kindText({ type, message }: ErrorKind): string {
  return `${type.replaceAll("\n", " ")}\n${message}`;
}

export function kindFromText(text: string): ErrorKind {
  const end = text.indexOf("\n");
  return { type: text.slice(0, end), message: text.slice(end + 1) };
}
