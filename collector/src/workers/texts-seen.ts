/** The texts of a store that another thread writes: by their numbers a flow is packed here as its row says it. */
import { isFileError, openReadOnly } from "../sqlite/file/open.ts";
import { KnownTexts } from "../sqlite/rows/known-texts.ts";
import type { MessageTexts } from "./folded-message.ts";

/** Of texts that wait to be told of; what is left out comes again. */
const MOST_REPEATED = 1_000;
const BUSY_TIMEOUT_MS = 1_000;

export interface TextsSeen extends MessageTexts {
  close(): void;
}

/** @param path the database file, which is there. */
export function openTexts(path: string): TextsSeen {
  const db = openReadOnly(path, BUSY_TIMEOUT_MS);
  // It reads a text each time, from pages that the system holds.
  db.pragma("cache_size = -256");
  let repeated = new Set<string>();
  const known = new KnownTexts(db, (text) => {
    if (repeated.size < MOST_REPEATED) repeated.add(text);
    return undefined;
  });
  return {
    numberOf(text) {
      try {
        return known.numberOf(text);
      } catch (error) {
        // It is written out. What is wrong with the file is told by the thread that has to write to it.
        if (isFileError(error)) return undefined;
        throw error;
      }
    },
    takeRepeated() {
      const taken = [...repeated];
      repeated = new Set();
      return taken;
    },
    close: () => void db.close(),
  };
}
