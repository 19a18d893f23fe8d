/** Options of builtins, refused in the words of each shell. */
import { strerror } from "../../../kernel/errno.ts";
import type { Run } from "../../process.ts";
import type { Shell } from "../shell.ts";

export interface Given {
  /** Letters in the order given, with their values. */
  options: { letter: string; value: string | undefined }[];
  rest: string[];
}

/**
 * Letters before the operands; `:` after a letter means it takes a value. undefined: refused, status 2.
 * `usage`: what bash prints after its complaint.
 */
export function* parseOptions(sh: Shell, args: readonly string[], letters: string, usage: string): Run<Given | undefined> {
  const out: Given = { options: [], rest: [] };
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      i++;
      break;
    }
    if (!arg.startsWith("-") || arg === "-") break;
    for (let k = 1; k < arg.length; k++) {
      const letter = arg[k]!;
      const at = letter === ":" ? -1 : letters.indexOf(letter);
      if (at < 0) {
        yield* refuse(sh, letter, usage);
        return undefined;
      }
      if (letters[at + 1] !== ":") {
        out.options.push({ letter, value: undefined });
        continue;
      }
      const value = k + 1 < arg.length ? arg.slice(k + 1) : args[++i];
      if (value === undefined) {
        if (sh.bash) yield* sh.error(`${sh.builtin}: -${letter}: option requires an argument\n${usageLine(sh, usage)}`);
        else yield* sh.error(`No arg for -${letter} option`);
        return undefined;
      }
      out.options.push({ letter, value });
      break;
    }
  }
  out.rest = args.slice(i);
  return out;
}

function* refuse(sh: Shell, letter: string, usage: string): Run<void> {
  if (sh.bash) yield* sh.error(`${sh.builtin}: -${letter}: invalid option\n${usageLine(sh, usage)}`);
  else yield* sh.error(`Illegal option -${letter}`);
}

export function usageLine(sh: Shell, usage: string): string {
  return `${sh.builtin}: usage: ${usage}`;
}

/** The builtin's own complaint; bash puts its name in front, dash has it in the prefix already. */
export function* complain(sh: Shell, text: string): Run<void> {
  yield* sh.error(sh.bash ? `${sh.builtin}: ${text}` : text);
}

/** Standard output, with what the shells say when it cannot be written. @returns the exit status. */
export function* print(sh: Shell, text: string | Uint8Array): Run<number> {
  const failed = yield* sh.proc.print(text);
  if (!failed) return 0;
  yield* sh.error(sh.bash ? `${sh.builtin}: write error: ${strerror(failed)}` : `${sh.builtin}: I/O error`);
  return 1;
}
