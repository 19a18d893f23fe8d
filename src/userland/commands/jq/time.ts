/** Broken-down time as jq has it: [year, month from 0, day, hours, minutes, seconds, day of the week, day of the year from 0]. UTC only. */
import { calendarOf, MONTHS, secondsOf, strftime, WEEKDAYS } from "../../wall-clock.ts";
import { described, isArray, type Json, JqError } from "./value.ts";

export function gmtime(v: Json): Json {
  if (typeof v !== "number") throw new JqError("gmtime() requires numeric inputs");
  const whole = Math.floor(v);
  const c = calendarOf(whole);
  return [c.year, c.month - 1, c.day, c.hour, c.minute, c.second + (v - whole), c.weekday, c.yearday - 1];
}

function brokenDown(v: Json, who: string): number[] {
  if (!isArray(v) || v.length < 6 || !v.every((x) => typeof x === "number")) throw new JqError(`${who} requires parsed datetime inputs`);
  return v as number[];
}

function secondsFrom(t: readonly number[]): number {
  return secondsOf({ year: t[0]!, month: t[1]! + 1, day: t[2]!, hour: t[3]!, minute: t[4]!, second: Math.floor(t[5]!) });
}

export function mktime(v: Json): Json {
  if (!isArray(v)) throw new JqError("mktime requires array inputs");
  return secondsFrom(brokenDown(v, "mktime"));
}

export function formatTime(v: Json, format: Json, who: string): Json {
  const t = brokenDown(typeof v === "number" ? gmtime(v) : v, who);
  if (typeof format !== "string") throw new JqError(`${who} requires a string format`);
  return strftime(format, { seconds: secondsFrom(t), nanos: 0 });
}

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** %s gives everything at once. */
  seconds: number | undefined;
  pm: boolean | undefined;
}

const NUMBERS: Readonly<Record<string, readonly [digits: number, set: (f: Fields, n: number) => void]>> = {
  Y: [4, (f, n) => (f.year = n)], m: [2, (f, n) => (f.month = n)], d: [2, (f, n) => (f.day = n)], e: [2, (f, n) => (f.day = n)], H: [2, (f, n) => (f.hour = n)], I: [2, (f, n) => (f.hour = n % 12)], M: [2, (f, n) => (f.minute = n)], S: [2, (f, n) => (f.second = n)],
  y: [2, (f, n) => (f.year = n < 69 ? 2000 + n : 1900 + n)], s: [12, (f, n) => (f.seconds = n)],
  j: [3, (f, n) => Object.assign(f, { month: 1, day: n })],
};
const COMPOSED: Readonly<Record<string, string>> = { T: "%H:%M:%S", R: "%H:%M", F: "%Y-%m-%d", D: "%m/%d/%y", c: "%a %b %e %H:%M:%S %Y", n: " ", t: " " };

/** A name, whole or its first three letters. @returns its number and its length. */
function named(text: string, names: readonly string[]): [index: number, length: number] | undefined {
  const lower = text.slice(0, 12).toLowerCase();
  for (const [i, name] of names.entries()) for (const form of [name, name.slice(0, 3)]) if (lower.startsWith(form.toLowerCase())) return [i, form.length];
  return undefined;
}

/** strptime(3) of what is common. @returns what is left of the text, undefined when it does not match. */
function parse(text: string, format: string, f: Fields): string | undefined {
  let rest = text;
  for (let i = 0; i < format.length; i++) {
    const c = format[i]!;
    if (/\s/.test(c)) rest = rest.trimStart();
    else if (c !== "%") {
      if (rest[0] !== c) return undefined;
      rest = rest.slice(1);
    } else {
      const left = conversion(rest, format[++i] ?? "", f);
      if (left === undefined) return undefined;
      rest = left;
    }
  }
  return rest;
}

function conversion(text: string, letter: string, f: Fields): string | undefined {
  const number = NUMBERS[letter];
  if (number) {
    const m = new RegExp(`^\\s*(\\d{1,${number[0]}})`).exec(text);
    if (!m) return undefined;
    number[1](f, Number(m[1]));
    return text.slice(m[0].length);
  }
  const composed = COMPOSED[letter];
  if (composed !== undefined) return parse(text, composed, f);
  if (letter === "%") return text[0] === "%" ? text.slice(1) : undefined;
  if (letter === "Z") return /^[A-Za-z]*/.exec(text)![0].length > 0 ? text.replace(/^[A-Za-z]+/, "") : undefined;
  if (letter === "z") return /^(?:Z|[+-]\d\d:?\d\d)/.test(text) ? text.replace(/^(?:Z|[+-]\d\d:?\d\d)/, "") : undefined;
  if (letter === "p") {
    const m = /^([AaPp])[Mm]/.exec(text);
    if (!m) return undefined;
    f.pm = /[Pp]/.test(m[1]!);
    return text.slice(2);
  }
  const list = letter === "a" || letter === "A" ? WEEKDAYS : letter === "b" || letter === "B" || letter === "h" ? MONTHS : undefined;
  const found = list && named(text, list);
  if (!found) return undefined;
  if (list === MONTHS) f.month = found[0] + 1;
  return text.slice(found[1]);
}

export function strptime(v: Json, format: Json): Json {
  if (typeof v !== "string") throw new JqError(`strptime/1 requires string inputs and arguments`);
  if (typeof format !== "string") throw new JqError(`strptime/1 requires string inputs and arguments`);
  const f: Fields = { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0, seconds: undefined, pm: undefined };
  const rest = parse(v, format, f);
  if (rest === undefined) throw new JqError(`date "${v}" does not match format "${format}"`);
  if (f.pm) f.hour += 12;
  const time = gmtime(f.seconds ?? secondsOf(f));
  return rest === "" ? time : [...(time as readonly Json[]), rest];
}

export const notANumber = (v: Json): JqError => new JqError(`${described(v)} number required`);
