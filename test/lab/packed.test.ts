/** A variant that went through JSON is the variant. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadLab } from "../../src/lab/load.ts";
import { packLab, type PackedLab, unpackLab } from "../../src/lab/packed.ts";
import { replay } from "../../src/lab/session.ts";

const LABS = join(import.meta.dirname, "../../labs");

test.each(readdirSync(LABS))("%s: packed, sent and unpacked it is the same network", (id) => {
  const files = new Map(readdirSync(join(LABS, id)).map((name) => [name, readFileSync(join(LABS, id, name), "utf8")]));
  const source = loadLab(id, files, { seeds: [1] });
  if (!source.ok) throw new Error(JSON.stringify(source.error));
  const resolved = source.value.resolve(1);
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
  const text = JSON.stringify(packLab(resolved.value));
  expect(text).not.toContain("solution");
  const back = unpackLab(JSON.parse(text) as PackedLab);
  expect(back).toEqual({ ...resolved.value, solution: undefined, wrong: [], also: [] });
  const digest = (lab: typeof back): string => {
    const session = replay(lab, [], { digest: true, until: 2e9 });
    return session.ok ? session.value.digest("") : session.error.because;
  };
  expect(digest(back)).toBe(digest(resolved.value));
});
