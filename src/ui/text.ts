/** The words of the live parts in the page's language. Every sentence that a reader sees stands in text.<lang>.ts. */
import { en, type Text } from "./text.en.ts";

const LANGUAGES: Readonly<Record<string, Text>> = { en };
const wanted = typeof document === "undefined" ? "en" : document.documentElement.lang;

export type { Text };
export const text: Text = LANGUAGES[wanted] ?? LANGUAGES[wanted.split("-")[0] ?? ""] ?? en;
