/** Where a command of the command line writes, and the directory its caller stood in (npm changes the process's own). */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly cwd: string;
}

/** Prints what was asked for. @returns the status of success. */
export function say(io: Io, text: string): number {
  io.out(text);
  return 0;
}

/** A mistake in how the command was called: one line, exit status 2. */
export class Usage {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export interface OptionSpec {
  /** Takes a value; "flag" takes none. */
  readonly [name: string]: "flag" | "value";
}
export interface Arguments {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** `--name`, `--name VALUE`, `--name=VALUE`, `--` ends the options; `-h` is `--help`. */
export function readArguments(argv: readonly string[], spec: OptionSpec): Arguments | Usage {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") {
      rest.push(...argv.slice(i + 1));
      break;
    }
    if (word === "-h" || word === "--help") flags.add("help");
    else if (!word.startsWith("-") || word === "-") rest.push(word);
    else {
      const [name, value] = split(word);
      const kind = Object.hasOwn(spec, name) ? spec[name] : undefined;
      if (kind === undefined) return new Usage(`unknown option ${word.split("=")[0]}`);
      if (kind === "flag") {
        if (value !== undefined) return new Usage(`option --${name} takes no value`);
        flags.add(name);
      } else {
        const given = value ?? argv[++i];
        if (given === undefined) return new Usage(`option --${name} needs a value`);
        values.set(name, given);
      }
    }
  }
  return { flags, values, rest };
}

function split(word: string): [name: string, value: string | undefined] {
  const text = word.replace(/^--?/, "");
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** A whole number from `low` to `high`, or a complaint. */
export function readNumber(args: Arguments, name: string, fallback: number, low: number, high: number): number | Usage {
  const text = args.values.get(name);
  if (text === undefined) return fallback;
  const n = Number(text);
  return /^\d{1,12}$/.test(text) && n >= low && n <= high ? n : new Usage(`option --${name} must be a whole number from ${low} to ${high}, not '${text}'`);
}

/** Text of strangers for a terminal: control characters and what turns the direction of writing are shown as escapes. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
