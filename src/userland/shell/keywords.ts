/** Reserved words (POSIX XCU 2.4, bash(1) RESERVED WORDS). */
import type { Dialect } from "./parser.ts";

const KEYWORDS: ReadonlySet<string> = new Set(["!", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while", "{", "}"]);
const BASH_ONLY: ReadonlySet<string> = new Set(["function", "select", "time", "[[", "]]", "coproc"]);

export function isKeywordOf(dialect: Dialect, word: string): boolean {
  return KEYWORDS.has(word) || (dialect === "bash" && BASH_ONLY.has(word));
}
