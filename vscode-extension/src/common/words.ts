/** Numbers as a person reads them: durations, tokens, money, times. */

/** A duration in the unit a person would choose, as the command line says it. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return `${Math.max(0, Math.round(ms))} ms`;
  if (seconds < 60) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  return minutes(seconds);
}

/** A duration that counts up: each second at first, then in steps of five and ten. */
export function counting(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const step = seconds < 10 ? 1 : seconds < 60 ? 5 : 10;
  const counted = seconds - (seconds % step);
  return counted < 60 ? `${counted} s` : minutes(counted);
}

function minutes(seconds: number): string {
  const whole = Math.floor(seconds / 60);
  if (whole < 60) return `${whole} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(whole / 60)} h ${whole % 60} min`;
}

/** `1,204 tokens`; nothing where no model was asked. */
export function tokens(count: number): string {
  return count === 0 ? "" : `${count.toLocaleString("en-US")} ${count === 1 ? "token" : "tokens"}`;
}

/** US dollars, with as many digits as a small sum needs. */
export function money(dollars: number): string {
  if (dollars === 0) return "";
  if (dollars >= 0.01) return `$${dollars.toFixed(2)}`;
  return dollars < 0.0001 ? "under $0.0001" : `$${dollars.toFixed(4)}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** When something began: the time of day, with the date where that was not today. */
export function since(at: number, now: number): string {
  const then = new Date(at);
  const time = clock(then);
  return then.toDateString() === new Date(now).toDateString() ? time : `${day(then)} ${time}`;
}

/** A moment in full: `21 Nov 2026, 15:42:03`. */
export function moment(at: number): string {
  const then = new Date(at);
  return `${day(then)} ${then.getFullYear()}, ${clock(then)}:${two(then.getSeconds())}`;
}

/** How long after the beginning: `+340 ms`. */
export function after(at: number, began: number): string {
  return `+${duration(at - began)}`;
}

/** `1 run asks a person`, `2 runs ask a person`: the number with its noun and verb. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What there is to say, with a dot between. */
export function joined(...parts: string[]): string {
  return parts.filter(Boolean).join(" · ");
}

/** Text on one line, cut to a length. */
export function oneLine(text: string, limit: number): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length <= limit ? flat : `${flat.slice(0, limit - 1)}…`;
}

function day(then: Date): string {
  return `${then.getDate()} ${MONTHS[then.getMonth()]}`;
}

function clock(then: Date): string {
  return `${two(then.getHours())}:${two(then.getMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
