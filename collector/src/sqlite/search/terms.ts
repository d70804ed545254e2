/** What a term of a search wants: flows whose id begins with it, or that say words which begin with its words. */
import type { Term } from "../../words.ts";
import type { Db } from "../file/open.ts";
import {
  COST_OF_POSTING,
  type FindTerm,
  isOfShape,
  isPosted,
  join,
  MOST_ASKED,
  ofError,
  ofPosting,
  ofShape,
  type Source,
  type Start,
  type Value,
  type Wanted,
  type Where,
} from "../queries/filter.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { WORD_OF, type WordOf } from "./words.ts";

/** A word with more is walked past rather than walked by: most flows have it, or a time limit ends the walk. */
const MOST_SOURCES = 300;
/** Flows that are put in order by hand, as those whose ids begin alike. */
const MOST_PLACES = 5_000;
/** Behind all that begins with the same: the last character of all. */
const AFTER = "\u{10ffff}";

/** Labels whose shapes are looked up. */
const MOST_LABELS = 16;

const WORDS: Record<number, { table: string; name: string }> = {
  [WORD_OF.label]: { table: "label_flows", name: "label" },
  [WORD_OF.error]: { table: "error_flows", name: "error" },
};

const SOURCES: Record<WordOf, (number: number) => Source> = {
  [WORD_OF.shape]: ofShape,
  [WORD_OF.label]: (label) => ofPosting("label_flows", "label", label),
  [WORD_OF.error]: ofError,
};

interface WordRow {
  kind: WordOf;
  number: number;
}

/** What has a word that begins so. */
interface Having {
  /** `null`: too many. */
  sources: Source[] | null;
  places: Start[];
  /** `null`: too many to be asked of each flow. */
  ask: Where[] | null;
  /** Shapes that it may have; `null`: any. */
  among: number[] | null;
}

interface Range {
  low: Value;
  high: Value;
}

export function termFinder(db: Db, { shapes, labels }: Numbers): FindTerm {
  const words = db.prepare<[string, string, number], WordRow>(
    "SELECT DISTINCT kind, number FROM words WHERE word >= ? AND word < ? LIMIT ?",
  );
  const nextOwn = db
    .prepare<[string, string], string>(
      "SELECT word FROM word_flows WHERE word >= ? AND word < ? ORDER BY word LIMIT 1",
    )
    .pluck();
  const flowsHaving = db.prepare<[{ start: string; after: string; most: number }], Start>(
    `SELECT p.started_at AS startedAt, flow AS pk FROM words CROSS JOIN label_flows p ON p.label = number
       WHERE word >= $start AND word < $after AND kind = ${WORD_OF.label}
     UNION ALL SELECT p.started_at, flow FROM words CROSS JOIN error_flows p ON p.error = number
       WHERE word >= $start AND word < $after AND kind = ${WORD_OF.error}
     UNION ALL SELECT started_at, flow FROM word_flows WHERE word >= $start AND word < $after
     UNION ALL SELECT f.started_at, pk FROM words CROSS JOIN flows f INDEXED BY flows_by_shape ON f.shape = number
       WHERE word >= $start AND word < $after AND kind = ${WORD_OF.shape}
     LIMIT $most`,
  );
  const byId = db.prepare<[Value, Value, number], Start>(
    `SELECT started_at AS startedAt, pk FROM flows INDEXED BY flows_by_id WHERE id >= ? AND id < ? LIMIT ?`,
  );
  const hasUnsearched = db
    .prepare<[], number>("SELECT up_to FROM unsearched WHERE EXISTS (SELECT 1 FROM flows WHERE pk <= up_to)")
    .pluck();

  return ({ ids, words: starts }: Term): Wanted => {
    const ranges = ids.flatMap(idRanges);
    const byIds = placesIn(ranges);
    const having = fewest(starts.map(havingWord));
    // What was stored before there were words is looked at flow by flow.
    const upTo = starts.length === 0 ? undefined : hasUnsearched.get();
    const unsearched = upTo === undefined ? [] : shapes.loose();
    const sources =
      byIds === null || having.sources === null ? null : [...having.sources, ...unsearched.map(ofShape)];
    const among = byIds?.length === 0 && unsearched.length === 0 ? having.among : null;
    return {
      sources,
      places: byIds === null ? [] : inOrder([...byIds, ...having.places]),
      ask:
        having.ask === null
          ? null
          : either([...having.ask, ...ranges.map(isIn), ...(upTo === undefined ? [] : [isUpTo(upTo)])]),
      exact: starts.length <= 1 && unsearched.length === 0,
      disjoint: (sources ?? []).length + (byIds ?? []).length + having.places.length <= 1,
      cost: COST_OF_POSTING,
      ...(among && { among }),
    };
  };

  function havingWord(start: string): Having {
    const rows = words.all(start, start + AFTER, MOST_SOURCES + 1);
    const own = ownWords(start);
    const sources = rows.map(({ kind, number }) => SOURCES[kind](number));
    sources.push(...own.map((word) => ofPosting("word_flows", "word", word)));
    if (sources.length > MOST_SOURCES) return { ...collected(start), ask: null, among: null };
    const of = (wanted: number) => rows.filter(({ kind }) => kind === wanted).map(({ number }) => number);
    const ask: Where[] = [];
    const ofShapes = of(WORD_OF.shape);
    if (ofShapes.length > 0) ask.push(isOfShape(ofShapes));
    for (const [kind, { table, name }] of Object.entries(WORDS)) {
      const numbers = of(Number(kind));
      if (numbers.length > 0) ask.push(isPosted(table, name, numbers));
    }
    if (own.length > 0) ask.push(isPosted("word_flows", "word", own));
    const ofLabels = of(WORD_OF.label);
    const isTold = own.length + of(WORD_OF.error).length === 0 && ofLabels.length <= MOST_LABELS;
    return {
      sources,
      places: [],
      ask: sources.length > MOST_ASKED ? null : ask,
      among: isTold
        ? [...new Set([...ofShapes, ...ofLabels.flatMap((label) => labels.shapesOf(label))])]
        : null,
    };
  }

  /** Many texts have it, such as numbers of orders, and perhaps few flows: those are put in order by hand. */
  function collected(start: string): Pick<Having, "sources" | "places"> {
    const places = flowsHaving.all({ start, after: start + AFTER, most: MOST_PLACES + 1 });
    return places.length > MOST_PLACES ? { sources: null, places: [] } : { sources: [], places };
  }

  /** Word by word, as each may have a million flows. */
  function ownWords(start: string): string[] {
    const found: string[] = [];
    let word = nextOwn.get(start, start + AFTER);
    while (word !== undefined && found.length <= MOST_SOURCES) {
      found.push(word);
      word = nextOwn.get(`${word}\u0000`, start + AFTER);
    }
    return found;
  }

  /** `null` where they are too many. */
  function placesIn(ranges: Range[]): Start[] | null {
    const places = ranges.flatMap(({ low, high }) => byId.all(low, high, MOST_PLACES + 1));
    return places.length > MOST_PLACES ? null : places;
  }
}

/** All words must be found: so it is enough to go by the one that fewest have. */
function fewest(having: Having[]): Having {
  const cost = ({ sources, places }: Having) =>
    sources === null ? MOST_PLACES : sources.length + places.length;
  const none: Having = { sources: [], places: [], ask: [], among: [] };
  return having.toSorted((a, b) => cost(a) - cost(b))[0] ?? none;
}

/** Each once, oldest first. */
function inOrder(places: Start[]): Start[] {
  const once = new Map(places.map((place) => [place.pk, place]));
  return [...once.values()].sort((a, b) => a.startedAt - b.startedAt || a.pk - b.pk);
}

function isIn({ low, high }: Range): Where {
  return { conditions: ["f.id >= ? AND f.id < ?"], values: [low, high] };
}

function isUpTo(pk: number): Where {
  return { conditions: ["f.pk <= ?"], values: [pk] };
}

function either(any: Where[]): Where {
  if (any.length === 0) return { conditions: ["0"], values: [] };
  const all: Where = { conditions: [], values: [] };
  for (const each of any) join(all, each);
  return { conditions: [`(${all.conditions.join(" OR ")})`], values: all.values };
}

const UUID = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/** Ids are texts, but UUIDs are kept as their bytes. */
function idRanges(start: string): Range[] {
  const asText = { low: start, high: start + AFTER };
  const isUuid =
    start.length <= UUID.length &&
    [...start].every((char, at) => (UUID[at] === "-" ? char === "-" : /[0-9a-f]/.test(char)));
  if (!isUuid) return [asText];
  const digits = start.replaceAll("-", "");
  const [low, high] = ["0", "f"].map((digit) => Buffer.from(digits.padEnd(32, digit), "hex")) as [
    Buffer,
    Buffer,
  ];
  // One byte more, so that the last UUID is below it.
  return [asText, { low, high: Buffer.concat([high, Buffer.from([0])]) }];
}
