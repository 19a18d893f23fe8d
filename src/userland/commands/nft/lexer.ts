/** Words of nft's language with their places, for its error messages. */
export interface Token { kind: "word" | "number" | "ip" | "mac" | "string" | "punct" | "newline" | "end"; text: string; start: number; end: number; line: number }

export class NftError extends Error {
  readonly text: string;
  readonly from: Token;
  readonly to: Token;
  /** What the real parser goes on to say. */
  more: NftError | undefined;

  constructor(text: string, from: Token, to: Token = from) {
    super(text);
    this.text = text;
    this.from = from;
    this.to = to;
  }
}

const PATTERN = /"([^"]*)"|(\n|;)|(#[^\n]*)|(\\\n)|((?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2})(?![0-9a-zA-Z:])|(\d+\.\d+\.\d+\.\d+)|(0x[0-9a-fA-F]+|\d+)(?![A-Za-z0-9_])|(\d+[smhdw][0-9smhdw]*)|([A-Za-z_][A-Za-z0-9_]*(?:[-./][A-Za-z0-9_]+)*\*?)|([!=<>]=|<<|>>|[{}(),:=<>&|^@.\-/!$])|([^\S\n]+)|(.)/g;

export function tokens(text: string): Token[] {
  const out: Token[] = [];
  let line = 0;
  let begin = 0;
  for (const m of text.matchAll(PATTERN)) {
    const start = m.index - begin;
    const end = start + m[0].length;
    const add = (kind: Token["kind"], t: string): void => void out.push({ kind, text: t, start, end, line });
    if (m[1] !== undefined) add("string", m[1]);
    else if (m[2] !== undefined) {
      add("newline", m[2]);
      if (m[2] === "\n") {
        line++;
        begin = m.index + 1;
      }
    } else if (m[4] !== undefined) {
      line++;
      begin = m.index + 2;
    } else if (m[5] !== undefined) add("mac", m[5]);
    else if (m[6] !== undefined) add("ip", m[6]);
    else if (m[7] !== undefined) add("number", m[7]);
    else if (m[8] !== undefined || m[9] !== undefined) add("word", m[8] ?? m[9]!);
    else if (m[10] !== undefined || m[12] !== undefined) add("punct", m[0]);
  }
  const at = text.length - begin;
  out.push({ kind: "end", text: "", start: at, end: at + 1, line });
  return out;
}
