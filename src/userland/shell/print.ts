/** Writes syntax trees as bash does: on one line for `jobs`, indented for `type` and `declare -f`. */
import type { Assign, Condition, Node, Redirect, Script, Word } from "./ast.ts";

/** On one line. */
export function commandText(node: Node): string {
  return new Printer(false).node(node);
}

/** `f ()`, then the body in lines. */
export function functionText(name: string, body: Node): string {
  const p = new Printer(true);
  const text = p.node(body.kind === "group" ? body : { kind: "group", line: 0, redirects: [], body: { kind: "list", items: [{ node: body, background: false }] } });
  return `${name} () \n${text}`;
}

class Printer {
  private readonly lines: boolean;
  private indent = 0;
  private heredocs: string[] = [];

  constructor(lines: boolean) {
    this.lines = lines;
  }

  node(node: Node): string {
    switch (node.kind) {
      case "simple":
        return [...node.assigns.map((a: Assign) => a.raw), ...node.words.map((w) => w.raw), ...node.redirects.map((r) => this.redirect(r))].join(" ");
      case "pipeline":
        return (node.timed ? `time ${node.timed === "posix" ? "-p " : ""}` : "") + (node.negated ? "! " : "") + node.commands.map((c) => this.node(c)).join(" | ");
      case "and":
      case "or":
        return `${this.node(node.left)} ${node.kind === "and" ? "&&" : "||"} ${this.node(node.right)}`;
      case "list":
        return this.list(node);
      case "group":
        return this.redirected(this.lines ? `{ \n${this.block(node.body)}${this.pad()}}` : `{ ${this.list(node.body)}; }`, node.redirects);
      case "subshell":
        return this.redirected(`( ${this.list(node.body)} )`, node.redirects);
      case "if": {
        let text = "";
        for (const [i, c] of node.clauses.entries()) {
          text += `${i === 0 ? "if" : `${this.pad()}elif`} ${this.list(c.test)}; then${this.body(c.body)}`;
        }
        if (node.otherwise) text += `${this.lines ? this.pad() : ""}else${this.body(node.otherwise)}`;
        return this.redirected(`${text}${this.lines ? this.pad() : ""}fi`, node.redirects);
      }
      case "while":
      case "until":
        return this.redirected(`${node.kind} ${this.list(node.test)}; do${this.body(node.body)}${this.close()}done`, node.redirects);
      case "for":
      case "select": {
        const words = node.words ? ` in ${node.words.map((w) => w.raw).join(" ")}` : " in \"$@\"";
        return this.redirected(`${node.kind} ${node.name}${words};${this.lines ? `\n${this.pad()}` : " "}do${this.body(node.body)}${this.close()}done`, node.redirects);
      }
      case "arithfor":
        return this.redirected(`for ${node.raw}${this.lines ? `\n${this.pad()}` : "; "}do${this.body(node.body)}${this.close()}done`, node.redirects);
      case "case":
        return this.redirected(this.case_(node.word, node.clauses), node.redirects);
      case "function":
        return `function ${node.name} () ${this.lines ? `\n${this.pad()}` : ""}${this.node(node.body)}`;
      case "arith":
        return this.redirected(node.raw, node.redirects);
      case "cond":
        return this.redirected(`[[ ${this.condition(node.test)} ]]`, node.redirects);
    }
  }

  private pad(): string {
    return "    ".repeat(this.indent);
  }
  private close(): string {
    return this.lines ? this.pad() : "";
  }

  /** Lines of a body, one level in. */
  private block(script: Script): string {
    this.indent++;
    const text = script.items
      .map((item, i) => `${this.pad()}${this.item(item)}${item.background ? " &" : i < script.items.length - 1 ? ";" : ""}\n${this.takeHeredocs()}`)
      .join("");
    this.indent--;
    return text;
  }

  private body(script: Script): string {
    return this.lines ? `\n${this.block(script).replace(/([^&])\n$/, "$1;\n")}` : ` ${this.list(script)}; `;
  }

  private list(script: Script): string {
    return script.items.map((item, i) => `${this.item(item)}${item.background ? " &" : i < script.items.length - 1 ? ";" : ""}`).join(" ");
  }

  private item(item: Script["items"][number]): string {
    return this.node(item.node);
  }

  private takeHeredocs(): string {
    const text = this.heredocs.join("");
    this.heredocs = [];
    return text;
  }

  private case_(word: Word, clauses: readonly { patterns: readonly Word[]; body: Script; end: string }[]): string {
    if (!this.lines) return `case ${word.raw} in ${clauses.map((c) => `${c.patterns.map((p) => p.raw).join(" | ")}) ${this.list(c.body)} ${c.end}`).join(" ")} esac`;
    this.indent++;
    const text = clauses.map((c) => `${this.pad()}${c.patterns.map((p) => p.raw).join(" | ")})\n${this.block(c.body)}${this.pad()}${c.end}\n`).join("");
    this.indent--;
    return `case ${word.raw} in \n${text}${this.pad()}esac`;
  }

  private redirected(text: string, redirects: readonly Redirect[]): string {
    return [text, ...redirects.map((r) => this.redirect(r))].join(" ");
  }

  private redirect(r: Redirect): string {
    const fd = r.variable ? `{${r.variable}}` : r.fd >= 0 ? String(r.fd) : "";
    if (r.op === "<<" || r.op === "<<-") return `${fd}${r.op}${r.target.raw}`;
    return r.op === ">&" || r.op === "<&" ? `${fd || (r.op === ">&" ? "1" : "0")}${r.op}${r.target.raw}` : `${fd}${r.op} ${r.target.raw}`;
  }

  private condition(c: Condition): string {
    switch (c.kind) {
      case "not":
        return `! ${this.condition(c.operand)}`;
      case "and":
      case "or":
        return `${this.condition(c.left)} ${c.kind === "and" ? "&&" : "||"} ${this.condition(c.right)}`;
      case "group":
        return `( ${this.condition(c.operand)} )`;
      case "unary":
        return `${c.op} ${c.operand.raw}`;
      case "binary":
        return `${c.left.raw} ${c.op} ${c.right.raw}`;
      case "word":
        return c.word.raw;
    }
  }
}
