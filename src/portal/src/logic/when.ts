// Times and durations as people read them.

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
];

/** The largest unit that fits: `4 s`, `12 min`, `3 h`, `9 d`. */
export function duration(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  for (const [unit, size] of UNITS) {
    if (whole >= size) return `${Math.floor(whole / size)} ${unit}`;
  }
  return `${Math.floor(whole)} ms`;
}

/** The same with tenths of seconds, for what is short: `0.4 s`, `12 min`. */
export const finely = (milliseconds: number): string => (milliseconds < 10_000 ? `${(Math.max(0, milliseconds) / 1_000).toFixed(1)} s` : duration(milliseconds));

/** How long ago something was: `0.4 s ago`, `12 min ago`. */
export const ago = (milliseconds: number): string => `${finely(milliseconds)} ago`;

const two = (number: number): string => String(number).padStart(2, "0");

/** The time of day here, to the millisecond; with the date unless it is today's. */
export function moment(text: string, now: Date = new Date()): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return time.toDateString() === now.toDateString() ? clock : `${day} ${clock}`;
}

/** What `<input type="datetime-local">` holds, for a time. */
export function toLocalInput(time: Date): string {
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day}T${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** Whether a moment is named by a position of the log, and not by a time. */
export const isPosition = (at: string): boolean => /^\d+$/.test(at);

/** A moment as it is read out; null is now. */
export function named(at: string | null): string {
  if (at === null) return "now";
  return isPosition(at) ? `position ${at}` : moment(at);
}
