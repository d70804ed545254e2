const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Milliseconds as a person reads them, two units at most: `0.4 ms`, `87 ms`, `4.21 s`, `3m 05s`, `2h 07m`, `4d 3h`.
 * Below zero is shown as zero: clocks that disagree are told of elsewhere.
 */
export function formatDuration(ms: number): string {
  if (!(ms > 0)) return "0 ms";
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / second).toFixed(ms < 9_995 ? 2 : 1)} s`;
  if (ms < hour - 500) {
    const seconds = Math.round(ms / second);
    return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  }
  if (ms < day - 30 * second) {
    const minutes = Math.round(ms / minute);
    return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  }
  const hours = Math.round(ms / hour);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** The same for a running clock: whole seconds, so that the figure ticks and does not flicker. */
export function formatElapsed(ms: number): string {
  if (!(ms >= second)) return "0 s";
  return ms < minute ? `${Math.floor(ms / second)} s` : formatDuration(Math.floor(ms / second) * second);
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
