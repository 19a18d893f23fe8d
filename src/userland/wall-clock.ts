/**
 * The time of day on the emulated machines: UTC, counted from the moment the lab starts. No host clock: a lab always starts at the
 * same instant. Calendar after the Gregorian rules; strftime(3) in the C locale.
 */
import { SECOND, type Nanos } from "../sim/time.ts";

/** Seconds since 1970 at virtual time 0: Monday, 5 January 2026, 09:00:00 UTC. */
export const START_OF_LAB = 1_767_603_600;

export interface WallTime {
  /** Since 1970-01-01 00:00:00 UTC. */
  seconds: number;
  nanos: number;
}

export function wallTime(at: Nanos): WallTime {
  const whole = Math.floor(at / SECOND);
  return { seconds: START_OF_LAB + whole, nanos: at - whole * SECOND };
}

/** The virtual time of an instant: what a file's `mtime` holds. Negative before the lab's start. */
export function virtualTime(t: WallTime): Nanos {
  return (t.seconds - START_OF_LAB) * SECOND + t.nanos;
}

export interface Calendar {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** 0: Sunday. */
  weekday: number;
  /** 1 to 366. */
  yearday: number;
}

const DAY = 86_400;
const isLeap = (y: number): boolean => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
const BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Days since 1970-01-01 of a date; the month may lie outside 1..12 and the day outside its month. */
export function daysOf(year: number, month: number, day: number): number {
  const y = year + Math.floor((month - 1) / 12);
  const m = (((month - 1) % 12) + 12) % 12;
  const leaps = (n: number): number => Math.floor(n / 4) - Math.floor(n / 100) + Math.floor(n / 400);
  const leapDay = m >= 2 && isLeap(y) ? 1 : 0;
  return 365 * (y - 1970) + leaps(y - 1) - leaps(1969) + BEFORE_MONTH[m]! + leapDay + day - 1;
}

export function secondsOf(c: { year: number; month: number; day: number; hour?: number; minute?: number; second?: number }): number {
  return daysOf(c.year, c.month, c.day) * DAY + (c.hour ?? 0) * 3600 + (c.minute ?? 0) * 60 + (c.second ?? 0);
}

export function calendarOf(seconds: number): Calendar {
  const days = Math.floor(seconds / DAY);
  const rest = seconds - days * DAY;
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysOf(year, 1, 1) > days) year--;
  while (daysOf(year + 1, 1, 1) <= days) year++;
  let month = 1;
  while (month < 12 && daysOf(year, month + 1, 1) <= days) month++;
  return {
    year,
    month,
    day: days - daysOf(year, month, 1) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearday: days - daysOf(year, 1, 1) + 1,
  };
}

export const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"] as const;
export const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

const pad = (n: number, width: number, fill = "0"): string => String(n).padStart(width, fill);

/** ISO 8601 week and its year. */
function isoWeek(c: Calendar): [year: number, week: number] {
  const thursday = daysOf(c.year, c.month, c.day) - ((c.weekday + 6) % 7) + 3;
  const { year, yearday } = calendarOf(thursday * DAY);
  return [year, Math.floor((yearday - 1) / 7) + 1];
}

/** One conversion of strftime(3), with %N and %: z of GNU date; undefined for a letter that is none. */
function convert(letter: string, t: WallTime, c: Calendar): string | undefined {
  const hour12 = c.hour % 12 === 0 ? 12 : c.hour % 12;
  switch (letter) {
    case "Y": return String(c.year);
    case "C": return pad(Math.floor(c.year / 100), 2);
    case "y": return pad(c.year % 100, 2);
    case "m": return pad(c.month, 2);
    case "d": return pad(c.day, 2);
    case "e": return pad(c.day, 2, " ");
    case "H": return pad(c.hour, 2);
    case "k": return pad(c.hour, 2, " ");
    case "I": return pad(hour12, 2);
    case "l": return pad(hour12, 2, " ");
    case "M": return pad(c.minute, 2);
    case "S": return pad(c.second, 2);
    case "N": return pad(t.nanos, 9);
    case "s": return String(t.seconds);
    case "j": return pad(c.yearday, 3);
    case "a": return WEEKDAYS[c.weekday]!.slice(0, 3);
    case "A": return WEEKDAYS[c.weekday]!;
    case "b":
    case "h": return MONTHS[c.month - 1]!.slice(0, 3);
    case "B": return MONTHS[c.month - 1]!;
    case "p": return c.hour < 12 ? "AM" : "PM";
    case "P": return c.hour < 12 ? "am" : "pm";
    case "u": return String(c.weekday === 0 ? 7 : c.weekday);
    case "w": return String(c.weekday);
    case "U": return pad(Math.floor((c.yearday + 6 - c.weekday) / 7), 2);
    case "W": return pad(Math.floor((c.yearday + 6 - ((c.weekday + 6) % 7)) / 7), 2);
    case "G": return String(isoWeek(c)[0]);
    case "g": return pad(isoWeek(c)[0] % 100, 2);
    case "V": return pad(isoWeek(c)[1], 2);
    case "q": return String(Math.floor((c.month + 2) / 3));
    case "z": return "+0000";
    case "Z": return "UTC";
    case "F": return strftime("%Y-%m-%d", t);
    case "D":
    case "x": return strftime("%m/%d/%y", t);
    case "T":
    case "X": return strftime("%H:%M:%S", t);
    case "R": return strftime("%H:%M", t);
    case "r": return strftime("%I:%M:%S %p", t);
    case "c": return strftime("%a %b %e %H:%M:%S %Y", t);
    case "n": return "\n";
    case "t": return "\t";
    case "%": return "%";
    default: return undefined;
  }
}

/** Padding flags of glibc and GNU: %-d (none), %_d (blanks), %0e (zeros), %^a (upper case), %#Z (other case), and a width. */
function applyFlags(text: string, flags: string, width: string): string {
  let s = text;
  if (flags.includes("-")) s = s.replace(/^[0 ]+(?=\d)/, "");
  else if (flags.includes("_")) s = s.replace(/^0+(?=\d)/, (z) => " ".repeat(z.length));
  else if (flags.includes("0")) s = s.replace(/^ +(?=\d)/, (z) => "0".repeat(z.length));
  if (flags.includes("^")) s = s.replace(/[a-z]/g, (x) => String.fromCharCode(x.charCodeAt(0) - 32));
  if (flags.includes("#")) s = s.replace(/[A-Z]/g, (x) => String.fromCharCode(x.charCodeAt(0) + 32));
  return width === "" ? s : s.padStart(Number(width), /^\d/.test(text) && !flags.includes("_") ? "0" : " ");
}

/** strftime(3) in UTC and the C locale. What is no conversion stays as it is. */
export function strftime(format: string, t: WallTime): string {
  const c = calendarOf(t.seconds);
  return format.replace(/%([-_0^#]*)([1-9]\d{0,2})?([EO]?)(:{0,3})([A-Za-z%])/g, (whole, flags: string, width: string | undefined, _mod: string, colons: string, letter: string) => {
    if (letter === "z" && colons !== "") return colons === ":" ? "+00:00" : colons === "::" ? "+00:00:00" : "+00";
    // %3N is the first three digits.
    if (letter === "N" && width !== undefined) return pad(t.nanos, 9).slice(0, Number(width)).padEnd(Number(width), "0");
    const text = colons === "" ? convert(letter, t, c) : undefined;
    return text === undefined ? whole : applyFlags(text, flags, width ?? "");
  });
}
