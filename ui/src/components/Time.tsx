import { formatDuration, formatElapsed } from "../format/duration.ts";
import { clockTime, localTime, relativeTime, utcTime } from "../format/time.ts";
import { useNow } from "./useNow.ts";

/** How long ago; the exact time in both zones on hover. */
export function Ago({ at, className }: { at: string; className?: string | undefined }) {
  const now = useNow(useRecency(at));
  return (
    <time dateTime={at} title={exact(at)} className={className}>
      {relativeTime(at, now)}
    </time>
  );
}

/** The time of day, with the date where it was another day. */
export function At({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exact(at)}>
      {clockTime(at, useNow(10_000))}
    </time>
  );
}

/** How long something took, or has been going on. */
export function Duration({
  since,
  ms,
  open = ms === null,
}: {
  since: string;
  ms: number | null;
  open?: boolean;
}) {
  return ms === null ? <Elapsed since={since} open={open} /> : formatDuration(ms);
}

function Elapsed({ since, open }: { since: string; open: boolean }) {
  const now = useNow(open ? 1_000 : null);
  return formatElapsed(now - Date.parse(since));
}

function exact(at: string): string {
  return `${localTime(at)}\n${utcTime(at)}`;
}

/** What is seconds old changes each second; the rest need not. */
function useRecency(at: string): 1_000 | 10_000 {
  const now = useNow(10_000);
  return now - Date.parse(at) < 60_000 ? 1_000 : 10_000;
}
