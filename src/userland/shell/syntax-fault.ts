/** How dash and bash word a syntax error. */
import type { Run } from "../process.ts";
import type { SyntaxFault } from "./ast.ts";
import type { Shell } from "./shell.ts";

/** Says it. `context`: what was being parsed, in bash: "-c", "eval", "command substitution". */
export function* reportSyntaxFault(sh: Shell, fault: SyntaxFault, context = ""): Run<void> {
  yield* sh.proc.warn(sh.bash ? bashText(sh, fault, context) : dashText(sh, fault));
}

function dashText(sh: Shell, fault: SyntaxFault): string {
  const line = fault.kind === "unclosed" ? fault.endLine : fault.line;
  return `${sh.arg0}: ${line}: ${sh.builtin ? `${sh.builtin}: ` : ""}Syntax error: ${dashMessage(fault)}\n`;
}

function dashMessage(fault: SyntaxFault): string {
  const expecting = "expecting" in fault && fault.expecting ? ` (expecting ${fault.expecting})` : "";
  switch (fault.kind) {
    case "eof":
      return `end of file unexpected${expecting}`;
    case "token":
      return `${fault.token} unexpected${expecting}`;
    case "unclosed":
      return { '"': "Unterminated quoted string", "'": "Unterminated quoted string", "`": "EOF in backquote substitution", "}": "Missing '}'", "((": "Missing '))'" }[fault.open] ?? 'end of file unexpected (expecting ")")';
    case "other":
      return fault.message;
  }
}

const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "((": ")", "`": "`", "{": "}", "[": "]" };

function bashText(sh: Shell, fault: SyntaxFault, context: string): string {
  const line = fault.line;
  const name = context === "command substitution" && !sh.interactive ? `${sh.arg0}: command substitution: ` : `${sh.sourcing[sh.sourcing.length - 1] ?? sh.arg0}: ${context ? `${context}: ` : ""}`;
  const head = sh.interactive && context !== "command substitution" && sh.sourcing.length === 0 ? `${sh.arg0}: ` : `${name}line ${line}: `;
  switch (fault.kind) {
    case "eof":
      return `${head}syntax error: unexpected end of file\n`;
    case "token": {
      const echo = sh.interactive && head.indexOf("line ") < 0 ? "" : `${head}\`${fault.source}'\n`;
      return `${head}syntax error near unexpected token \`${fault.text}'\n${echo}`;
    }
    case "unclosed":
      if (fault.open === "[[") return `${head}unexpected EOF while looking for \`]]'\n`;
      return `${head}unexpected EOF while looking for matching \`${CLOSERS[fault.open] ?? fault.open}'\n`;
    case "other":
      return `${head}${fault.message}\n${fault.source === undefined ? "" : `${head}${fault.source}\n`}`;
  }
}
