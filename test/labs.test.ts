/** Every lab of the book is proved: untouched it fails, its solution earns all on ten seeds, each step matters, each check can fail. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadLab } from "../src/lab/load.ts";
import { formatProblem } from "../src/lab/problem.ts";
import { prove } from "../src/lab/prove.ts";
import { Session } from "../src/lab/session.ts";
import { labFiles, resolvedLab } from "./lab/labs.ts";

const ids = readdirSync(fileURLToPath(new URL("../labs", import.meta.url)), { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name);
const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);

describe.each(ids)("lab %s", (id) => {
  const files = labFiles(id);
  /** A network of a chapter: it has no tasks, it must start. */
  const isFigure = /^kind: figure$/m.test(files.get("lab.yaml") ?? "");

  test("its files are right, for 100 seeds", () => {
    const r = loadLab(id, files, { complete: true, prefix: `labs/${id}/`, seeds: Array.from({ length: 100 }, (_, i) => i + 1) });
    expect(r.ok ? [] : r.error.map(formatProblem)).toEqual([]);
  });

  test("it is a lab: all laws hold", { timeout: 300_000 }, () => {
    const r = loadLab(id, files, { complete: true, seeds: SEEDS });
    if (!r.ok) throw new Error("its files are not right");
    const findings = prove(r.value, { seeds: SEEDS.length });
    expect(findings.filter((f) => !f.ok).map((f) => `${f.law} ${f.of}: ${f.because}`)).toEqual([]);
    if (isFigure) return expect(Session.start(resolvedLab(id, 1)).ok).toBe(true);
    for (const law of ["untouched", "solution"] as const) expect(findings.filter((f) => f.law === law).length).toBe(SEEDS.length);
    expect(findings.filter((f) => f.law === "step").length).toBeGreaterThan(0);
  });

  test("its texts fit: no placeholder is left, a task is read at a glance", () => {
    const r = loadLab(id, files, { seeds: SEEDS });
    if (!r.ok) throw new Error("its files are not right");
    for (const seed of SEEDS) {
      const resolved = r.value.resolve(seed);
      if (!resolved.ok) throw new Error("does not resolve");
      for (const text of resolved.value.texts.values()) {
        expect(JSON.stringify(text)).not.toMatch(/\$\{|undefined|\[object/);
        for (const t of Object.values(text.tasks)) expect(t.text.length).toBeLessThan(600);
      }
    }
  });
});

test("there are labs", () => expect(ids.length).toBeGreaterThan(0));
