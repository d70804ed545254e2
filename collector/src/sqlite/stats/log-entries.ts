/** Entries of the log, one behind the other: a share that was added, or taken away. */
import type { ShareReader } from "./share.ts";
import type { ByteReader } from "./varints.ts";

/** @param sign 1 where it was added, -1 where it was taken away. */
export type EachShare = (share: ShareReader, sign: 1 | -1) => void;

/** All that stands from here on. */
export function readEntries(from: ByteReader, share: ShareReader, each: EachShare): void {
  while (!from.done) readEntry(from, share, each);
}

export function readEntry(from: ByteReader, share: ShareReader, each: EachShare): void {
  const what = from.uint();
  from.enter(Math.floor(what / 2));
  each(share.readFrom(from), what % 2 === 1 ? 1 : -1);
  from.leave();
}
