/**
 * The live parts of pages are custom elements, one a file: src/ui/elements/<tag>.ts defines <tag>.
 * Each upgrades HTML that is whole without it, and is fetched only by pages that have it (upgrade.ts).
 */
const elements = Object.keys(import.meta.glob("../ui/elements/*.ts"));

/** Whether this build has that element. Its controls are not drawn otherwise. */
export const isLive = (tag: string): boolean => elements.includes(`../ui/elements/${tag}.ts`);
