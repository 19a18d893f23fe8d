/** What the programs of iputils 20221126 share: number arguments, the version line, messages after glibc's error(3). */
import { octets } from "./octets.ts";
import { Output } from "./tool.ts";
import type { Process, Run } from "./process.ts";

export function iputilsVersion(name: string): string {
  return `${name} from iputils 20221126\nlibcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, __fpending(): yes\n`;
}

/** LONG_MAX does not fit a number exactly; its text is what the message shows. */
export const LONG_MAX = "9223372036854775807";
export const INT_MAX = 2147483647;

/** strtol(3) on a whole argument, within limits. @returns the number, or the message without the program's name. */
export function parseLong(text: string, min: number, max: number | typeof LONG_MAX): number | string {
  const m = /^[ \t\n]*([+-]?[0-9]+)$/.exec(text);
  if (!m) return `invalid argument: '${text}'`;
  const value = Number(m[1]);
  if (value > Number(LONG_MAX) || value < -Number(LONG_MAX)) return `invalid argument: '${text}': Numerical result out of range`;
  if (value < min || value > Number(max)) return `invalid argument: '${text}': out of range: ${min} <= value <= ${max}`;
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}

/** Standard output as stdio buffers it, and messages that flush it first. */
export class Console {
  private readonly proc: Process;
  private readonly out: Output;
  private readonly name: string;

  constructor(proc: Process) {
    this.proc = proc;
    this.out = new Output(proc);
    this.name = proc.name;
  }

  /** setbuf(stdout, NULL): from now on everything is written at once. */
  unbuffer(): void {
    this.out.unbuffered = true;
  }

  *print(text: string): Run<void> {
    yield* this.out.put(octets(text));
  }

  *flush(): Run<void> {
    yield* this.out.flush();
  }

  /** "name: text" on standard error. */
  *error(text: string): Run<void> {
    yield* this.out.flush();
    yield* this.proc.warn(`${this.name}: ${text}\n`);
  }

  /** Text on standard error as it stands. */
  *warn(text: string): Run<void> {
    yield* this.proc.warn(text);
  }
}
