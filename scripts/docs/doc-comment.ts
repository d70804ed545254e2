/** A doc comment taken apart. */
export interface DocComment {
  /** What stands before the first tag, as Markdown. */
  text: string;
  /** What stands after each tag, by the tag's name without its sign. */
  tags: readonly { name: string; text: string }[];
}

/** @example readDocComment("/** Ends it. @example flow.end(); *\/").text // "Ends it." */
export function readDocComment(comment: string): DocComment {
  const lines = comment
    .replace(/^\/\*\*/, "")
    .replace(/\*\/$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  // A tag begins a line, or stands in a comment of one line.
  const [text = "", ...tagged] = lines
    .join("\n")
    .trim()
    .split(lines.length === 1 ? /\s+(?=@[a-z])/ : /(?:^|\n)(?=@[a-z])/);
  if (text.startsWith("@")) tagged.unshift(text);
  const tags = tagged.map((each) => {
    const [, name = "", rest = ""] = /^@(\w+)\s?(.*)$/s.exec(each) ?? [];
    return { name, text: rest.trim() };
  });
  return { text: text.startsWith("@") ? "" : withoutLinks(text.trim()), tags };
}

/** What a list shows of it. */
export function firstSentence(text: string): string {
  const [, sentence = ""] = /^(.*?\.(?=\s|$)|.*$)/s.exec(text) ?? [];
  return sentence.replaceAll(/\s+/g, " ");
}

function withoutLinks(text: string): string {
  return text.replaceAll(/\{@link ([^}]+)\}/g, "`$1`");
}
