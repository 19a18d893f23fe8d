/** Puts what the engine printed into the <Output>s of a chapter's source, in their order. */

interface Tag {
  /** From `<Output` to behind its `>`. */
  from: number;
  to: number;
  selfClosing: boolean;
}

/** The end of a tag: the first `>` outside of quotes and braces. */
function tagAt(source: string, from: number): Tag {
  let depth = 0;
  let quote = "";
  for (let i = from; i < source.length; i++) {
    const c = source[i] ?? "";
    if (quote) {
      if (c === "\\" && depth > 0) i++;
      else if (c === quote) quote = "";
    } else if (c === '"' || c === "'" || c === "`") quote = c;
    else if (c === "{") depth++;
    else if (c === "}") depth--;
    else if (c === ">" && depth === 0) return { from, to: i + 1, selfClosing: source[i - 1] === "/" };
  }
  throw new Error(`<Output> at character ${from} does not end`);
}

/** Every `<Output>` that the engine prints, not those that were recorded elsewhere. */
function* printedTags(source: string): Generator<Tag> {
  for (const match of source.matchAll(/^<Output\b/gm)) {
    const tag = tagAt(source, match.index);
    if (!/\srecorded=/.test(source.slice(tag.from, tag.to))) yield tag;
  }
}

const fence = (printed: string): string => (printed === "" ? "" : `\n\n\`\`\`text\n${printed}\n\`\`\`\n\n`);

/** @param printed what each output printed, in order; undefined leaves it as it is. */
export function fillOutputs(source: string, printed: readonly (string | undefined)[]): string {
  const tags = [...printedTags(source)];
  if (tags.length !== printed.length) throw new Error(`the source has ${tags.length} outputs, the page ${printed.length}: build the book first`);
  let filled = "";
  let done = 0;
  tags.forEach((tag, i) => {
    const text = printed[i];
    if (text === undefined) return;
    const closing = "</Output>";
    const end = tag.selfClosing ? tag.to : source.indexOf(closing, tag.to) + closing.length;
    const head = source.slice(tag.from, tag.to).replace(/\s*\/?>$/, "");
    filled += source.slice(done, tag.from) + (text === "" ? `${head} />` : `${head}>${fence(text)}${closing}`);
    done = end;
  });
  return filled + source.slice(done);
}
