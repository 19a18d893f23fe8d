/**
 * Option parsing as glibc's getopt_long(3) does it, message texts included: short clusters, `--long=value`, unambiguous
 * prefixes, `--`, and operands that may stand between options. Every coreutils-like command parses with it.
 */

/**
 * Long options: name → key under which the option is reported (a short letter, or a name of its own), followed by `:` when it needs a
 * value and by `::` when it may have one. `{ lines: "n:", help: "help", color: "color::" }`
 */
export type LongOptions = Readonly<Record<string, string>>;

export interface GivenOption {
  /** The short letter, or what `LongOptions` gives for a long one. */
  key: string;
  value: string | undefined;
  /** As it was typed, for messages: "-n" or "--lines". */
  typed: string;
  /** Which argument it began in: letters of one cluster share it. */
  at: number;
}

export interface ParsedOptions {
  /** In the order given. */
  options: GivenOption[];
  operands: string[];
  /**
   * Why parsing stopped, without the "name: " in front: "invalid option -- 'Z'". Options before it are in `options`: a `--help`
   * that stands earlier wins, as in the real tools.
   */
  error?: string;
}

interface Target {
  key: string;
  arg: "" | ":" | "::";
}

function target(spec: string): Target {
  const colons = spec.endsWith("::") ? 2 : spec.endsWith(":") ? 1 : 0;
  return { key: spec.slice(0, spec.length - colons), arg: colons === 2 ? "::" : colons === 1 ? ":" : "" };
}

function shortTarget(shorts: string, letter: string): Target | undefined {
  if (letter === ":" || letter === ";") return undefined;
  const at = shorts.indexOf(letter);
  if (at < 0) return undefined;
  const arg = shorts.startsWith("::", at + 1) ? "::" : shorts.startsWith(":", at + 1) ? ":" : "";
  return { key: letter, arg };
}

/** A long name or an unambiguous beginning of one; several names of one option do not make it ambiguous. */
function longTarget(longs: LongOptions, name: string, typed: string): Target | string {
  const exact = Object.hasOwn(longs, name) ? longs[name] : undefined;
  if (exact !== undefined) return target(exact);
  const names = Object.keys(longs).filter((n) => n.startsWith(name));
  if (names.length === 0) return `unrecognized option '${typed}'`;
  if (new Set(names.map((n) => longs[n])).size === 1) return target(longs[names[0]!]!);
  return `option '${typed}' is ambiguous; possibilities: ${names.map((n) => `'--${n}'`).join(" ")}`;
}

/** The full name for messages: a prefix is reported as the option it stands for. */
function fullName(longs: LongOptions, name: string): string {
  return `--${Object.hasOwn(longs, name) ? name : (Object.keys(longs).find((n) => n.startsWith(name)) ?? name)}`;
}

/**
 * @param shorts as in C: `"n:c:qvz"`. A leading `+` stops at the first operand (env, xargs, timeout).
 * @param longs see `LongOptions`.
 */
export function getopt(args: readonly string[], shorts: string, longs: LongOptions = {}): ParsedOptions {
  const inOrder = shorts.startsWith("+");
  const letters = inOrder ? shorts.slice(1) : shorts;
  // Without long options this is getopt(3), to which the second dash is a letter.
  const hasLongs = Object.keys(longs).length > 0;
  const parsed: ParsedOptions = { options: [], operands: [] };
  const stop = (error: string): ParsedOptions => ({ ...parsed, error });
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      parsed.operands.push(...args.slice(i + 1));
      break;
    }
    if (arg === "-" || !arg.startsWith("-")) {
      if (inOrder) {
        parsed.operands.push(...args.slice(i));
        break;
      }
      parsed.operands.push(arg);
      continue;
    }
    if (arg.startsWith("--") && hasLongs) {
      const eq = arg.indexOf("=");
      const typed = eq < 0 ? arg : arg.slice(0, eq);
      const name = typed.slice(2);
      const t = longTarget(longs, name, arg);
      if (typeof t === "string") return stop(t);
      const full = fullName(longs, name);
      const start = i;
      let value = eq < 0 ? undefined : arg.slice(eq + 1);
      if (value !== undefined && t.arg === "") return stop(`option '${full}' doesn't allow an argument`);
      if (value === undefined && t.arg === ":") {
        value = args[++i];
        if (value === undefined) return stop(`option '${full}' requires an argument`);
      }
      parsed.options.push({ key: t.key, value, typed: full, at: start });
      continue;
    }
    // A cluster: -ab, -n5, -n 5.
    const cluster = [...arg.slice(1)];
    const start = i;
    for (let k = 0; k < cluster.length; k++) {
      const letter = cluster[k]!;
      const t = shortTarget(letters, letter);
      if (!t) return stop(`invalid option -- '${letter}'`);
      if (t.arg === "") {
        parsed.options.push({ key: letter, value: undefined, typed: `-${letter}`, at: start });
        continue;
      }
      let value: string | undefined = cluster.slice(k + 1).join("");
      if (value === "") value = t.arg === ":" ? args[++i] : undefined;
      if (value === undefined && t.arg === ":") return stop(`option requires an argument -- '${letter}'`);
      parsed.options.push({ key: letter, value, typed: `-${letter}`, at: start });
      break;
    }
  }
  return parsed;
}
