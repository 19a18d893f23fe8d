// The whole test run: programs, types, lint, unit, architecture, conformance, labs, fuzz, the built site in browsers.
// `npm test -- FILE ...` runs only these test files (and builds no site unless one of them is in test/e2e).
// Last line: "N passed, M failed". Every stage counts; a skipped test counts as failed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePrograms } from "./packages.mjs";

let passed = 0;
let failed = 0;
const only = process.argv.slice(2);
const began = Date.now();

/** Runs a command; it is one check. */
function check(name, cmd, ...args) {
  const from = Date.now();
  console.log(`\n== ${name}`);
  const good = spawnSync(cmd, args, { stdio: ["ignore", 1, 2] }).status === 0;
  if (good) passed++;
  else failed++;
  console.log(`== ${name}: ${good ? "passed" : "FAILED"} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
  return good;
}

/** Runs a vitest project; each of its tests is one check. */
function vitest(name, project, files = []) {
  const from = Date.now();
  console.log(`\n== ${name}`);
  const dir = mkdtempSync(join(tmpdir(), "packetwalk-test-"));
  const report = join(dir, "report.json");
  const r = spawnSync("vitest", ["run", "--project", project, "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`, ...files], { stdio: ["ignore", 1, 2] });
  let bad = 0;
  try {
    const j = JSON.parse(readFileSync(report, "utf8"));
    passed += j.numPassedTests;
    bad = j.numFailedTests + j.numPendingTests + (j.numTodoTests ?? 0);
    // A file that could not even be loaded has no failed test of its own.
    bad += j.testResults.filter((f) => f.status === "failed" && !f.assertionResults.some((a) => a.status === "failed")).length;
    for (const f of j.testResults) for (const a of f.assertionResults) if (a.status !== "passed" && a.status !== "failed") console.log(`not run: ${f.name} > ${a.fullName}`);
  } catch {
    bad = 1;
  }
  if (r.status !== 0 && bad === 0) bad = 1;
  failed += bad;
  rmSync(dir, { recursive: true, force: true });
  console.log(`== ${name}: ${bad === 0 ? "passed" : "FAILED"} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
}

const browserFiles = only.filter((f) => f.includes("e2e"));
const engineFiles = only.filter((f) => !f.includes("e2e"));
const all = only.length === 0;

failed += ensurePrograms().length;
if (all) {
  check("types: engine (no DOM, no Node)", "tsc", "-p", "tsconfig.engine.json");
  check("types: command line, tools, tests", "tsc", "-p", "tsconfig.node.json");
  check("lint", "biome", "lint", "--error-on-warnings");
}
if (all || engineFiles.length > 0) vitest("engine: unit, architecture, conformance, labs, fuzz", "engine", engineFiles);
if (all) check("types: site", "astro", "check", "--minimumSeverity", "error");
if (all || browserFiles.length > 0) {
  const built = check("site: build", "astro", "build") && check("site: search index", "pagefind", "--site", "dist", "--quiet");
  if (built) vitest("site in browsers", "browser", browserFiles);
}

console.log(`\n${((Date.now() - began) / 1000).toFixed(0)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
