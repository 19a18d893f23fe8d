/** Which chapters are written, in which language, and what comes before and after each. */
import { getCollection, type CollectionEntry } from "astro:content";
import { BOOK, type ChapterEntry, type PartEntry } from "./book.ts";
import { LANGS, pathTo, type Lang } from "./i18n/index.ts";

export interface Chapter extends ChapterEntry {
  readonly part: PartEntry;
  readonly lang: Lang;
  readonly path: string;
  readonly entry: CollectionEntry<"chapters">;
}

const FILE = /^(?<lang>[^/]+)\/(?<part>\d\d)-[^/]+\/(?<number>\d\d)-(?<slug>[^/]+)$/;

function resolve(entry: CollectionEntry<"chapters">): Chapter {
  const at = FILE.exec(entry.id)?.groups;
  const stop = (why: string): never => {
    throw new Error(`content/${entry.id}.mdx: ${why}`);
  };
  const lang = LANGS.find((known) => known === at?.lang) ?? stop(`a chapter lies at content/<${LANGS.join("|")}>/<NN-part>/<NN-chapter>.mdx`);
  for (const part of BOOK)
    for (const chapter of part.chapters) {
      if (chapter.slug !== at?.slug) continue;
      const { data } = entry;
      if (data.number !== chapter.number || Number(at.number) !== chapter.number) stop(`number: this is chapter ${chapter.number} in src/book.ts`);
      if (data.part !== part.number || Number(at.part) !== part.number) stop(`part: this chapter is in part ${part.number} in src/book.ts`);
      if (lang === "en" && data.title !== chapter.title) stop(`title: src/book.ts calls this chapter "${chapter.title}"`);
      return { ...chapter, title: data.title, part, lang, path: pathTo(lang, chapter.slug), entry };
    }
  return stop(`src/book.ts has no chapter '${at?.slug}'`);
}

/** Written chapters of one language in reading order. */
export async function writtenChapters(lang: Lang): Promise<Chapter[]> {
  const all = (await getCollection("chapters")).map(resolve);
  return all.filter((chapter) => chapter.lang === lang).sort((a, b) => a.number - b.number);
}
