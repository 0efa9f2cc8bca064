/** Times as Slack words them, in the browser's own time zone. `ts` is in seconds. */

const format = (options) => new Intl.DateTimeFormat("en-US", options);
const TIME = format({ hour: "numeric", minute: "2-digit" });
const TIME_SECONDS = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const DAY_SHORT = format({ month: "short", day: "numeric", year: "numeric" });
const DAY_LONG = format({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
const DAY = format({ month: "long", day: "numeric", year: "numeric" });
const DAY_DIVIDER = format({ weekday: "long", month: "long", day: "numeric" });
const FULL = format({ dateStyle: "full", timeStyle: "medium" });

const toDate = (ts) => new Date(Number(ts) * 1000);

function dayNumber(date) {
  return Math.floor((date.getTime() - date.getTimezoneOffset() * 60_000) / 86_400_000);
}

function relativeDay(date, now) {
  const days = dayNumber(date) - dayNumber(now);
  return { 0: "today", "-1": "yesterday", 1: "tomorrow" }[days] ?? null;
}

/** "Today", "Yesterday" or "Monday, October 12". */
export function dayLabel(ts, now = new Date()) {
  const word = relativeDay(toDate(ts), now);
  return word ? word[0].toUpperCase() + word.slice(1) : DAY_DIVIDER.format(toDate(ts));
}

export const sameDay = (a, b) => dayNumber(toDate(a)) === dayNumber(toDate(b));
export const timeLabel = (ts) => TIME.format(toDate(ts));
export const fullLabel = (ts) => FULL.format(toDate(ts));

function ago(date, now) {
  const seconds = Math.round((date - now) / 1000);
  const relative = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });
  for (const [unit, size] of [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(seconds, "second");
}

/** Fill Slack's date tokens, such as `{date_short_pretty} at {time}`. */
export function fillDateTokens(ts, pattern, now = new Date()) {
  const date = toDate(ts);
  const pretty = relativeDay(date, now);
  const pad = (number) => String(number).padStart(2, "0");
  const tokens = {
    date_num: `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`,
    date_slash: `${pad(date.getMonth() + 1)}/${pad(date.getDate())}/${date.getFullYear()}`,
    date: DAY.format(date),
    date_short: DAY_SHORT.format(date),
    date_long: DAY_LONG.format(date),
    date_pretty: pretty ?? DAY.format(date),
    date_short_pretty: pretty ?? DAY_SHORT.format(date),
    date_long_pretty: pretty ?? DAY_LONG.format(date),
    time: TIME.format(date),
    time_secs: TIME_SECONDS.format(date),
    ago: ago(date, now),
  };
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => tokens[name] ?? whole);
}
