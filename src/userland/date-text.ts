/** Dates as people write them, for date -d and the like (GNU date's input formats, the common part). */
import { calendarOf, MONTHS, secondsOf, WEEKDAYS, type WallTime } from "./wall-clock.ts";

const UNITS: Readonly<Record<string, number>> = { sec: 1, second: 1, min: 60, minute: 60, hour: 3600, day: 86400, week: 604800, fortnight: 1209600 };
const NUMBER_WORDS: Readonly<Record<string, number>> = { next: 1, last: -1, this: 0, a: 1, an: 1 };

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

class Reader {
  private rest: string;
  private readonly parts: Parts;
  private nanos = 0;
  private readonly now: WallTime;
  private offset = 0;
  private months = 0;
  private zone = 0;
  private timeGiven = false;
  private dateGiven = false;
  private absolute: WallTime | undefined;

  constructor(text: string, now: WallTime) {
    this.rest = lower(text).trim();
    this.now = now;
    const c = calendarOf(now.seconds);
    this.parts = { year: c.year, month: c.month, day: c.day, hour: c.hour, minute: c.minute, second: c.second };
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.rest);
    if (!found) return undefined;
    this.rest = this.rest.slice(found[0].length).replace(/^[\s,]+/, "");
    return found;
  }

  run(): WallTime | undefined {
    while (this.rest !== "") if (!this.item()) return undefined;
    if (this.absolute) return this.absolute;
    if (this.dateGiven && !this.timeGiven) Object.assign(this.parts, { hour: 0, minute: 0, second: 0 });
    const p = this.parts;
    if (p.month < 1 || p.month > 12 || p.day < 1 || p.day > 31 || p.hour > 23 || p.minute > 59 || p.second > 60) return undefined;
    const keepsNanos = !this.dateGiven && !this.timeGiven;
    return { seconds: secondsOf({ ...p, month: p.month + this.months }) + this.offset - this.zone, nanos: keepsNanos ? this.now.nanos : this.nanos };
  }

  private item(): boolean {
    return this.stamp() || this.isoDate() || this.time() || this.namedDate() || this.relative() || this.words();
  }

  private stamp(): boolean {
    const found = this.take(/^@(-?[0-9]+)(?:\.([0-9]{1,9}))?(?=\s|$)/);
    if (!found) return false;
    this.absolute = { seconds: Number(found[1]), nanos: Number((found[2] ?? "0").padEnd(9, "0")) };
    return true;
  }

  private isoDate(): boolean {
    const found = this.take(/^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:t(?=[0-9]))?/) ?? this.take(/^([0-9]{4})([0-9]{2})([0-9]{2})(?=\s|$)/);
    const american = found ? undefined : this.take(/^([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{4})/);
    if (found) Object.assign(this.parts, { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) });
    else if (american) Object.assign(this.parts, { year: Number(american[3]), month: Number(american[1]), day: Number(american[2]) });
    else return false;
    this.dateGiven = true;
    return true;
  }

  private time(): boolean {
    const found = this.take(/^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s*(am|pm)?/);
    if (!found) return false;
    let hour = Number(found[1]);
    if (found[5]) hour = (hour % 12) + (found[5] === "pm" ? 12 : 0);
    Object.assign(this.parts, { hour, minute: Number(found[2]), second: Number(found[3] ?? "0") });
    this.nanos = Number((found[4] ?? "0").padEnd(9, "0"));
    this.timeGiven = true;
    const zone = this.take(/^(z|utc|gmt|[-+][0-9]{2}:?[0-9]{2})(?=\s|$)/);
    if (zone && /^[-+]/.test(zone[1]!)) {
      const digits = zone[1]!.replace(":", "");
      this.zone = (digits[0] === "-" ? -1 : 1) * (Number(digits.slice(1, 3)) * 3600 + Number(digits.slice(3)) * 60);
    }
    return true;
  }

  /** "5 Jan 2026", "Jan 5 2026", "Jan 5", "mon". */
  private namedDate(): boolean {
    const month = (name: string): number => MONTHS.findIndex((m) => lower(m.slice(0, 3)) === name.slice(0, 3)) + 1;
    const names = "jan[a-z]*|feb[a-z]*|mar[a-z]*|apr[a-z]*|may|jun[a-z]*|jul[a-z]*|aug[a-z]*|sep[a-z]*|oct[a-z]*|nov[a-z]*|dec[a-z]*";
    const first = this.take(new RegExp(`^([0-9]{1,2})[ -](${names})(?:[ -]([0-9]{4}))?(?=\\s|$)`));
    const second = first ? undefined : this.take(new RegExp(`^(${names}) ([0-9]{1,2})(?:,? ([0-9]{4}))?(?=[\\s,]|$)`));
    const found = first ?? second;
    if (found) {
      Object.assign(this.parts, { month: month(found[first ? 2 : 1]!), day: Number(found[first ? 1 : 2]), ...(found[3] ? { year: Number(found[3]) } : {}) });
      this.dateGiven = true;
      return true;
    }
    const day = this.take(/^(sun|mon|tue|wed|thu|fri|sat)[a-z]*(?=\s|,|$)/);
    if (!day) return false;
    const wanted = WEEKDAYS.findIndex((w) => lower(w.slice(0, 3)) === day[1]);
    if (!this.dateGiven) this.offset += ((wanted - calendarOf(this.now.seconds).weekday + 7) % 7) * 86400;
    this.dateGiven = true;
    return true;
  }

  private relative(): boolean {
    const found = this.take(/^(?:([-+]?)\s*([0-9]+)|(next|last|this|an?))\s+(sec|second|min|minute|hour|day|week|fortnight|month|year)s?(\s+ago)?(?=\s|$)/) ?? this.take(/^([-+])([0-9]+)(sec|second|min|minute|hour|day|week|month|year)s?(?=\s|$)/);
    if (!found) return false;
    const compact = found.length === 4;
    const unit = compact ? found[3]! : found[4]!;
    let n = compact || found[2] !== undefined ? Number(found[2]) : NUMBER_WORDS[found[3]!]!;
    if (found[1] === "-") n = -n;
    if (!compact && found[5]) n = -n;
    if (unit === "month") this.months += n;
    else if (unit === "year") this.months += 12 * n;
    else this.offset += n * UNITS[unit]!;
    return true;
  }

  private words(): boolean {
    const found = this.take(/^(now|today|yesterday|tomorrow|midnight|noon|utc|gmt|z)(?=\s|$)/);
    if (!found) return false;
    if (found[1] === "yesterday") this.offset -= 86400;
    else if (found[1] === "tomorrow") this.offset += 86400;
    else if (found[1] === "midnight" || found[1] === "noon") {
      Object.assign(this.parts, { hour: found[1] === "noon" ? 12 : 0, minute: 0, second: 0 });
      this.timeGiven = true;
    }
    return true;
  }
}

/** undefined: no date that is understood here. An empty text is today's midnight. */
export function parseDateText(text: string, now: WallTime): WallTime | undefined {
  return new Reader(text.trim() === "" ? "midnight" : text, now).run();
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
}
