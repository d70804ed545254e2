/**
 * How a search reads text. The stores' indices, the stream and the page all go by these functions, so that they agree
 * on what a search finds. It imports nothing: the page carries it too.
 *
 * A word is a run of letters and digits, without case and accents. A search has terms, parted by spaces: each is the
 * beginning of the flow's id, or each of its words is the beginning of a word in what the flow says.
 */

/** Of one text; and no word is longer, as whoever searches types less. */
const MOST_WORDS = 64;
const LONGEST_WORD = 64;

const WORD = /[\p{L}\p{N}]+/gu;
const MARK = /\p{M}+/gu;
/** Where a word begins within a word, as in `TimeoutError`. */
const HUMP = /(?<=\p{Ll})(?=\p{Lu})/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is all of ASCII that is meant
const PLAIN = /^[\u0000-\u007f]*$/;

/**
 * The words of a text, each once. A word with humps is there from each hump on as well, so that `error` finds
 * `TimeoutError`.
 *
 * @example wordsOf("Gave up: TimeoutError") // ["gave", "up", "timeouterror", "error"]
 */
export function wordsOf(text: string): string[] {
  const words = new Set<string>();
  for (const [run] of folded(text).matchAll(WORD)) {
    const humps = run.split(HUMP);
    for (let from = 0; from < humps.length; from += 1) {
      words.add(humps.slice(from).join("").toLowerCase().slice(0, LONGEST_WORD));
      if (words.size === MOST_WORDS) return [...words];
    }
  }
  return [...words];
}

/** Whether a word is made of data, such as the number of a row, and so comes seldom. */
export function isOfData(word: string): boolean {
  return /\p{N}/u.test(word);
}

export interface Term {
  /** As it was typed, and where that is another one in lower case: the beginnings that an id may have. */
  ids: string[];
  words: string[];
}

/** What a search asks for; nothing where it is empty. */
export function termsOf(q: string): Term[] {
  return q
    .split(/\s+/u)
    .filter((term) => term !== "")
    .map((term) => ({
      ids: [...new Set([term, term.toLowerCase()])],
      words: [...folded(term).matchAll(WORD)].map(([run]) => run.toLowerCase().slice(0, LONGEST_WORD)),
    }));
}

/** What a search looks at. */
interface Searched {
  id: string;
  name: string;
  stepNames: readonly string[];
  labels: Readonly<Record<string, string>>;
  error: { type: string; message: string } | null;
}

/** @example searcher("valid order-17")(flow) */
export function searcher(q: string): (flow: Searched) => boolean {
  const terms = termsOf(q);
  return (flow) =>
    terms.every(({ ids, words }) => {
      if (ids.some((start) => flow.id.startsWith(start))) return true;
      if (words.length === 0) return false;
      const texts = textsOf(flow);
      return words.every((start) => texts.some((text) => hasWord(text, start)));
    });
}

/** To tell the words of a text takes far longer than to see that it has no such letters. */
function hasWord(text: string, start: string): boolean {
  if (PLAIN.test(text) && !text.toLowerCase().includes(start)) return false;
  return wordsOf(text).some((word) => word.startsWith(start));
}

function textsOf({ name, stepNames, labels, error }: Searched): string[] {
  const texts = [name, ...stepNames, ...Object.values(labels)];
  return error === null ? texts : [...texts, errorText(error)];
}

/** Of an error, its type and its message are searched, as one text. */
export function errorText({ type, message }: { type: string; message: string }): string {
  return `${type} ${message}`;
}

function folded(text: string): string {
  return PLAIN.test(text) ? text : text.normalize("NFKD").replaceAll(MARK, "");
}
