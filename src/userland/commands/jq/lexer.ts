/** jq's words. A string is one token of parts, so that its interpolations are read where they stand. */
export type TokenKind = "op" | "keyword" | "ident" | "field" | "literal" | "format" | "quote" | "text" | "interpolation" | "endquote" | "invalid" | "end";

export interface Token {
  kind: TokenKind;
  text: string;
  value: number;
  /** Offsets in the program. */
  start: number;
  end: number;
}

export const KEYWORDS: ReadonlySet<string> = new Set(["as", "import", "include", "module", "def", "if", "then", "else", "elif", "end", "and", "or", "reduce", "foreach", "try", "catch", "label", "break", "__loc__"]);
const OPERATORS = ["?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "<", ">", "=", "|", ",", "+", "-", "*", "/", "%", ".", "?", ":", ";", "(", ")", "[", "]", "{", "}", "$"];
const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Names of tokens as the messages have them. */
const SHOWN: Readonly<Partial<Record<TokenKind, string>>> = {
  ident: "IDENT", field: "FIELD", literal: "LITERAL", format: "FORMAT", quote: "QQSTRING_START", text: "QQSTRING_TEXT", interpolation: "QQSTRING_INTERP_START", endquote: "QQSTRING_END", invalid: "INVALID_CHARACTER", end: "$end",
};

export function shown(t: Token): string {
  const name = SHOWN[t.kind];
  if (name !== undefined) return name;
  if (t.kind === "keyword") return t.text;
  return t.text.length === 1 ? `'${t.text}'` : t.text;
}

export class Lexer {
  private pos = 0;
  private lastStart = 0;
  /** Brackets that are open; a quote stands for the string that an interpolation is in. */
  private readonly open: string[] = [];
  private inString = false;
  private readonly src: string;

  constructor(src: string) {
    this.src = src;
  }

  next(): Token {
    if (this.inString) return this.stringPart();
    this.skip();
    const start = this.pos;
    const c = this.src[start];
    // At the end the place is that of the last thing seen.
    if (c === undefined) return { kind: "end", text: "", value: 0, start: this.lastStart, end: start };
    const rest = this.src.slice(start, start + 300);
    // 1.2.3 is one word, and no number.
    const number = /^[0-9.]+(?:[eE][+-]?[0-9]+)?/.exec(rest)?.[0];
    if (number !== undefined && number !== "." && number !== "..") return this.take("literal", number);
    const format = /^@[a-zA-Z0-9_]+/.exec(rest)?.[0];
    if (format !== undefined) return this.take("format", format);
    const field = /^\.[a-zA-Z_][a-zA-Z_0-9]*/.exec(rest)?.[0];
    if (field !== undefined) return this.take("field", field);
    const word = /^(?:[a-zA-Z_][a-zA-Z_0-9]*::)*[a-zA-Z_][a-zA-Z_0-9]*/.exec(rest)?.[0];
    if (word !== undefined) return this.take(KEYWORDS.has(word) ? "keyword" : "ident", word);
    if (c === '"') {
      this.inString = true;
      this.open.push('"');
      return this.take("quote", c);
    }
    return this.operator(rest);
  }

  private take(kind: TokenKind, text: string, value = 0): Token {
    const start = this.pos;
    this.pos += text.length;
    this.lastStart = start;
    return { kind, text, value, start, end: this.pos };
  }

  private skip(): void {
    for (;;) {
      const m = /^(?:[ \n\t\r]+|#[^\n]*)/.exec(this.src.slice(this.pos));
      if (!m) return;
      this.lastStart = this.pos;
      this.pos += m[0].length;
    }
  }

  private operator(rest: string): Token {
    const op = OPERATORS.find((o) => rest.startsWith(o));
    if (op === undefined) return this.take("invalid", rest[0]!);
    if (op === "(" || op === "[" || op === "{") this.open.push(op);
    else if (op === ")" || op === "]" || op === "}") {
      const opener = this.open[this.open.length - 1];
      if (op === ")" && opener === "\\(") {
        this.open.pop();
        this.inString = true;
        return this.take("op", ")");
      }
      if (opener === undefined || CLOSES[opener] !== op) return this.take("invalid", op);
      this.open.pop();
    }
    return this.take("op", op);
  }

  /** Up to the next interpolation or the end of the string. */
  private stringPart(): Token {
    const c = this.src[this.pos];
    if (c === '"') {
      this.inString = false;
      this.open.pop();
      return this.take("endquote", c);
    }
    if (this.src.startsWith("\\(", this.pos)) {
      this.inString = false;
      this.open.push("\\(");
      return this.take("interpolation", "\\(");
    }
    let i = this.pos;
    while (i < this.src.length && this.src[i] !== '"' && !this.src.startsWith("\\(", i)) i += this.src[i] === "\\" ? 2 : 1;
    if (i > this.src.length) i = this.src.length;
    if (i === this.pos) return { kind: "end", text: "", value: 0, start: this.lastStart, end: i };
    return this.take("text", this.src.slice(this.pos, i));
  }
}
