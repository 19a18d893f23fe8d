/** Single letters outside terminals and fields. Two letters in a row, as in "g k", are one key. */
import type { Lifetime } from "./dom.ts";

export type KeyTable = Readonly<Record<string, () => void>>;

const SEQUENCE_MS = 1500;
const KEY = "packetwalk.keys";

export function keysOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function setKeysOn(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    // It then holds for nothing: no storage. The keys stay on.
  }
}

const isWriting = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable], .xt") !== null;
/** Where Space and arrows have a meaning of their own. */
const hasOwnKeys = (target: EventTarget | null): boolean => target instanceof Element && target.closest('button, a, summary, [role="button"], [role="tab"], [role="separator"], [role="grid"], pre') !== null;

export function listenForKeys(table: KeyTable, life: Lifetime): void {
  let prefix = "";
  let prefixAt = 0;
  life.on(document, "keydown", (e) => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || isWriting(e.target) || !keysOn()) return;
    if (e.key === " " && hasOwnKeys(e.target)) return;
    const pending = e.timeStamp - prefixAt < SEQUENCE_MS ? prefix : "";
    prefix = "";
    const name = e.key === " " ? "Space" : e.key;
    const act = table[`${pending}${name}`];
    if (act) {
      e.preventDefault();
      act();
    } else if (Object.keys(table).some((key) => key.length > 1 && key.startsWith(name) && key !== name && name.length === 1)) {
      prefix = `${name} `;
      prefixAt = e.timeStamp;
    }
  });
}
