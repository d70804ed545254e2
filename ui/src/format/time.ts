import dayjs from "dayjs";
import utc from "dayjs/plugin/utc";
import { formatDuration } from "./duration.ts";

dayjs.extend(utc);

/** Time of day where it is today in the viewer's zone, else with its date: `10:42:03`, `21 Nov 10:42`. */
export function clockTime(at: string, now: number): string {
  const time = dayjs(at);
  const today = dayjs(now);
  if (time.isSame(today, "day")) return time.format("HH:mm:ss");
  return time.format(time.isSame(today, "year") ? "D MMM HH:mm" : "D MMM YYYY HH:mm");
}

/** To the millisecond, in the viewer's zone. */
export function localTime(at: string): string {
  return dayjs(at).format("YYYY-MM-DD HH:mm:ss.SSS Z");
}

/** To the millisecond, in UTC. */
export function utcTime(at: string): string {
  return dayjs.utc(at).format("YYYY-MM-DD HH:mm:ss.SSS [UTC]");
}

/** `now`, `12 s ago`, `5 min ago`, `3 h ago`, `4 d ago`; a time ahead of the clock is `now`. */
export function relativeTime(at: string, now: number): string {
  const ms = now - Date.parse(at);
  if (Number.isNaN(ms)) return at;
  if (ms < 2000) return "now";
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s ago`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ago`;
  if (ms < 48 * 3_600_000) return `${Math.floor(ms / 3_600_000)} h ago`;
  return `${Math.floor(ms / 86_400_000)} d ago`;
}

/** How far a time lies from the start of its flow: `+1.25 s`. */
export function offsetFrom(start: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(start);
  return ms < 0 ? `−${formatDuration(-ms)}` : `+${formatDuration(ms)}`;
}

/** A day or an hour as it is counted by, in UTC: `Sun 22 Nov`, `22 Nov 14:00 UTC`. */
export function slotTime(at: number, unit: "day" | "hour"): string {
  return dayjs.utc(at).format(unit === "day" ? "ddd D MMM" : "D MMM HH:mm [UTC]");
}
