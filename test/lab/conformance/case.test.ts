import { expect, test } from "vitest";
import { parseCase } from "../../../src/lab/conformance/case.ts";
import { formatProblem } from "../../../src/lab/problem.ts";

const good = {
  id: "arp-x",
  title: "One question, one answer",
  area: "arp",
  needs: ["arp"],
  recorded: { kernel: "6.1", tools: {} },
  nodes: { h1: { sysctls: {}, files: {} }, h2: {} },
  links: [{ a: "h1:eth0", b: "h2:eth0", macA: "02:00:00:00:01:01", macB: "02:00:00:00:02:01", mtu: 1500 }],
  steps: [
    { node: "h1", cmd: "ip link", exit: 0, stdout: "", stderr: "" },
    { sleep: 0.5 },
    { node: "h2", start: "cap", cmd: "tcpdump" },
    { stop: "cap", match: "exit", exit: 0, stdout: "", stderr: "" },
  ],
};
const problems = (c: unknown): string[] => {
  const r = parseCase("arp/arp-x.json", typeof c === "string" ? c : JSON.stringify(c));
  return r.ok ? [] : r.error.map(formatProblem);
};
const step = (s: unknown): unknown => ({ ...good, steps: [s] });
const run = { node: "h1", cmd: "ip link", exit: 0, stdout: "", stderr: "" };

test("a good case is read as it is written", () => {
  const r = parseCase("arp/arp-x.json", JSON.stringify(good));
  expect(r.ok && r.value).toEqual(good);
});

test.each([
  ["text that is no JSON", "{", "arp/arp-x.json: must be JSON; it is cut short or mistyped"],
  ["nesting without end", "[".repeat(1_000_000), "arp/arp-x.json: must not nest deeper than 32 levels"],
  ["brackets inside a text do not nest", JSON.stringify({ ...good, title: "[".repeat(100), id: "A" }), "arp/arp-x.json: id: must be lower-case letters, digits, '.', '_' and '-'"],
  ["an unknown key", { ...good, stepz: [] }, "arp/arp-x.json: stepz: is not a key known here; remove it or mend its spelling"],
  ["an unknown key of a step", step({ ...run, mach: "exit" }), "arp/arp-x.json: steps[0].mach: is not a key known here; remove it or mend its spelling"],
  ["a step without an exit status", step({ node: "h1", cmd: "ip", stdout: "", stderr: "" }), "arp/arp-x.json: steps[0].exit: Invalid input: expected number, received undefined"],
  ["an exit status no process has", step({ ...run, exit: 256 }), "arp/arp-x.json: steps[0].exit: Too big: expected number to be <=255"],
  ["a comparison nobody knows", step({ ...run, match: "loose" }), 'arp/arp-x.json: steps[0].match: Invalid option: expected one of "exact"|"unordered"|"exit"'],
  ["a step that is a list", step([]), "arp/arp-x.json: steps[0]: must be an object"],
  ["a node that is not there", step({ ...run, node: "h9" }), "arp/arp-x.json: steps[0].node: names a node that is not in nodes"],
  ["a stop of nothing", step({ stop: "cap", exit: 0, stdout: "", stderr: "" }), "arp/arp-x.json: steps[0].stop: names nothing that an earlier start left running"],
  [
    "a link to nowhere",
    { ...good, links: [{ ...good.links[0], b: "h3:eth0" }] },
    "arp/arp-x.json: links[0].b: names a node that is not in nodes",
  ],
  ["one interface on two links", { ...good, links: [good.links[0], good.links[0]] }, "arp/arp-x.json: links[1].a: is the end of an earlier link already"],
  ["a relative file", { ...good, nodes: { ...good.nodes, h2: { files: { "a.sh": "" } } } }, "arp/arp-x.json: nodes.h2.files.a.sh: must be an absolute path"],
  ["a MAC address in capitals", { ...good, links: [{ ...good.links[0], macA: "AA:00:00:00:00:01" }] }, "arp/arp-x.json: links[0].macA: must be a MAC address in lower case, aa:bb:cc:dd:ee:ff"],
])("%s is refused by file, key and rule", (_, c, message) => {
  expect(problems(c)).toContain(message);
});

test("every problem is named in one go", () => {
  expect(problems({ ...good, area: "", extra: 1, steps: [{ ...run, exit: -1 }, { sleep: 0 }] })).toHaveLength(4);
});
