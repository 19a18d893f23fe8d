import { en, type Strings } from "./en.ts";
import { zhCn } from "./zh-cn.ts";

export type { Strings };

/** A language's folder under content/ and its prefix in addresses; English has none. */
export type Lang = "en" | "zh-cn";
export const LANGS: readonly Lang[] = ["en", "zh-cn"];

const STRINGS: Record<Lang, Strings> = { en, "zh-cn": zhCn };
export const stringsOf = (lang: Lang): Strings => STRINGS[lang];

/** The language of a page, from Astro's `currentLocale`. */
export const langOf = (locale: string | undefined): Lang => (locale === "zh-cn" || locale === "zh-CN" ? "zh-cn" : "en");

/** An address on this site, always with a slash at its end. */
export function pathTo(lang: Lang, ...parts: string[]): string {
  return `/${[...(lang === "en" ? [] : [lang]), ...parts].map((part) => `${part}/`).join("")}`;
}
