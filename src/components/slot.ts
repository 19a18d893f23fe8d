/** What an author put between the tags of a component, as text. */

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

export function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex?: string, dec?: string, name?: string) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (dec) return String.fromCodePoint(Number(dec));
    return ENTITIES[name ?? ""] ?? whole;
  });
}

/** The text of the one fenced block in a slot, or undefined when the slot is empty. Anything else is the author's slip. */
export function fencedText(html: string, where: string): string | undefined {
  const trimmed = html.trim();
  if (!trimmed) return undefined;
  const fence = /^<pre\b[^>]*>([\s\S]*)<\/pre>$/.exec(trimmed);
  if (!fence || (fence[1] ?? "").includes("<pre")) throw new Error(`${where}: put exactly one fenced block between the tags, with an empty line before and after it`);
  return decodeEntities((fence[1] ?? "").replace(/<[^>]*>/g, "")).replace(/\n$/, "");
}

const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** `backticks` make code in a prop that is a plain string. An odd backtick is itself. */
export function rich(text: string): string {
  const pieces = text.split("`");
  if (pieces.length % 2 === 0) return escape(text);
  return pieces.map((piece, i) => (i % 2 ? `<code>${escape(piece)}</code>` : escape(piece))).join("");
}

/** Paragraphs parted by empty lines, lists of lines that begin with "- ": the form of the labs' texts. */
export function paragraphs(text: string): string {
  return text
    .trim()
    .split(/\n[ \t]*\n/)
    .map((block) => {
      const lines = block.split("\n");
      if (lines.every((line) => line.startsWith("- "))) return `<ul>${lines.map((line) => `<li>${rich(line.slice(2))}</li>`).join("")}</ul>`;
      return `<p>${rich(block.replace(/\s*\n\s*/g, " "))}</p>`;
    })
    .join("");
}
