/** nginx's configuration: directives with words and blocks. What is not known here is refused, never passed over. */
export interface Directive {
  name: string;
  args: string[];
  block: Directive[] | undefined;
  line: number;
}

export class ConfigError {
  readonly text: string;
  readonly line: number;
  constructor(text: string, line: number) {
    this.text = text;
    this.line = line;
  }
}

interface Token {
  text: string;
  quoted: boolean;
  line: number;
}

function tokens(text: string): Token[] {
  const out: Token[] = [];
  let line = 1;
  for (let i = 0; i < text.length; ) {
    const c = text[i]!;
    if (c === "\n") line++;
    if (/\s/.test(c)) i++;
    else if (c === "#") while (i < text.length && text[i] !== "\n") i++;
    else if (c === "{" || c === "}" || c === ";") {
      out.push({ text: c, quoted: false, line });
      i++;
    } else if (c === '"' || c === "'") {
      let word = "";
      const from = line;
      for (i++; i < text.length && text[i] !== c; i++) {
        if (text[i] === "\\" && i + 1 < text.length) {
          const next = text[++i]!;
          word += next === "n" ? "\n" : next === "t" ? "\t" : next === "r" ? "\r" : next === c || next === "\\" ? next : `\\${next}`;
        } else word += text[i]!;
        if (text[i] === "\n") line++;
      }
      i++;
      out.push({ text: word, quoted: true, line: from });
    } else {
      let word = "";
      while (i < text.length && !/[\s;{}]/.test(text[i]!)) word += text[i++]!;
      out.push({ text: word, quoted: false, line });
    }
  }
  return out;
}

export function parseConfig(text: string): Directive[] {
  const all = tokens(text);
  let at = 0;
  const block = (inside: boolean): Directive[] => {
    const out: Directive[] = [];
    for (;;) {
      const t = all[at];
      if (t === undefined) {
        if (inside) throw new ConfigError('unexpected end of file, expecting "}"', all.at(-1)?.line ?? 1);
        return out;
      }
      if (t.text === "}" && !t.quoted) {
        if (!inside) throw new ConfigError('unexpected "}"', t.line);
        at++;
        return out;
      }
      if ((t.text === "{" || t.text === ";") && !t.quoted) throw new ConfigError(`unexpected "${t.text}"`, t.line);
      const d: Directive = { name: t.text, args: [], block: undefined, line: t.line };
      at++;
      for (;;) {
        const w = all[at++];
        if (w === undefined) throw new ConfigError('unexpected end of file, expecting ";" or "}"', t.line);
        if (w.quoted || !["{", "}", ";"].includes(w.text)) d.args.push(w.text);
        else if (w.text === ";") break;
        else if (w.text === "{") {
          d.block = block(true);
          break;
        } else throw new ConfigError('unexpected "}"', w.line);
      }
      out.push(d);
    }
  };
  return block(false);
}
