/** The matrix of commands and options, and that the one in docs/ speaks of the cases as they are. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseCase } from "../../../src/lab/conformance/case.ts";
import { commandsOf, fidelityMatrix } from "../../../src/lab/conformance/fidelity.ts";
import type { CaseResult } from "../../../src/lab/conformance/runner.ts";
import { defineCommand } from "../../../src/userland/command.ts";

const ROOT = join(import.meta.dirname, "../../..");

test.each([
  ["ip -br link | grep 'a | b' > /tmp/x; echo $?", [["ip", "-br", "link"], ["grep", "a | b"], ["echo", "$?"]]],
  ["ip netns exec n1 timeout -s INT 5 ping -c 1 10.0.0.2 2>&1", [["ping", "-c", "1", "10.0.0.2"]]],
  ["for i in 1 2; do A=1 sudo ss -tn; done # not this", [["i", "in", "1", "2"], ["ss", "-tn"]]],
  ["x=\"$(ip route get 10.0.0.1)\"", []],
])("%s", (line, words) => {
  expect(commandsOf(line)).toEqual(words);
});

test("a use is identical, partial or refused as its steps are", () => {
  const step = (cmd: string, stdout: string): object => ({ node: "h1", cmd, exit: 0, stdout, stderr: "" });
  const parsed = parseCase("x.json", JSON.stringify({ id: "one", title: "one", area: "demo", needs: [], recorded: { kernel: "6", tools: {} }, nodes: { h1: {} }, links: [], steps: [step("ip -br link", "a\n"), step("ip -s link", "b\n"), step("ip -s -br link", "c\n"), step("ss -t", "d\n")] }));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const r: CaseResult = {
    id: "one", area: "demo", status: "fail", missing: ["the command 'ss' is not there"], telling: { total: 4, agreed: 2 },
    differences: [{ step: 2, field: "stdout", expected: "c", actual: "x" }, { step: 3, field: "stderr", expected: "", actual: "ss: not found" }],
  };
  const ip = defineCommand({ name: "ip", man: { summary: "routes", synopsis: ["ip"], emulated: [], notEmulated: ["ip xfrm"] }, *run() { return 0; } });
  const matrix = fidelityMatrix([{ c: parsed.value, r }], [ip]);
  expect(matrix).toContain("| `ip link` | partial | 2 of 3 | demo/one |");
  expect(matrix).toContain("| `ip -s` | partial | 1 of 2 | demo/one |");
  expect(matrix).toContain("| `ss -t` | refused | 0 of 1 | demo/one |");
  expect(matrix).toContain("* ip xfrm");
  expect(matrix).toContain("* `demo/one`: the command 'ss' is not there; step 2");
});

test("docs/fidelity.md tells the reason of every case that does not pass, and of no other", () => {
  const conformance = join(ROOT, "test/conformance");
  const passing = new Set(readFileSync(join(conformance, "passing.txt"), "utf8").trimEnd().split("\n"));
  const failing = readdirSync(conformance, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".json")).map((f) => f.replace(/\.json$/, "")).filter((name) => !passing.has(name)).sort();
  const told = [...readFileSync(join(ROOT, "docs/fidelity.md"), "utf8").matchAll(/^\* `([^`]+)`: \S/gm)].map((m) => m[1]!).sort();
  expect(told, "make it anew: npm run -s packetwalk -- conformance --fidelity test/conformance > docs/fidelity.md").toEqual(failing);
});
