import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadLab } from "../../src/lab/load.ts";
import { formatProblem } from "../../src/lab/problem.ts";
import { parseYaml } from "../../src/lab/yaml.ts";

const LAB = `version: 1
id: demo
kind: build
chapter: arp
minutes: 10
parameters:
  lan: { prefix: 10.0.0.0/8, length: 24 }
  fault:
    pick:
      - { name: down, fix: ip link set eth0 up }
      - { name: mask, fix: ip addr add x dev eth0 }
nodes:
  h1: { kind: host, at: [0, 0], sub: "\${lan.host(1)}" }
  h2:
    kind: host
    at: [1, 0]
    start:
      - ip link set eth0 up
      - { run: ip link set eth0 down, when: { fault.name: down } }
cables:
  - [ "h1:eth0", "h2:eth0", { delay: 10us, loss: 0.5% } ]
tasks:
  - id: talk
    points: 4
    hints: { count: 1, cost: 2 }
    checks:
      - { id: ping, kind: reach, from: h1, to: "\${lan.host(2)}" }
      - { id: arp, kind: capture, on: cables, filter: arp, during: [ { on: h1, run: true } ], count: { min: 1 } }
`;
const TEXT = `title: Demo
summary: A demo.
intro: Hello \${lan.host(1)}.
tasks:
  talk:
    title: Talk
    text: Let them talk.
    hints: [ look ]
    checks: { ping: h1 reaches h2., arp: ARP is seen. }
`;
const SOLUTION = "# step: up\nh1$ ip link set eth0 up\n# step: mend\n# when: fault.name mask\nh2$ ${fault.fix}\n";

function problems(change: { lab?: (s: string) => string; text?: (s: string) => string; solution?: (s: string) => string; wrong?: string; more?: [string, string][] } = {}): string[] {
  const same = (s: string): string => s;
  const files = new Map([["lab.yaml", (change.lab ?? same)(LAB)], ["text.en.yaml", (change.text ?? same)(TEXT)], ["solution.sh", (change.solution ?? same)(SOLUTION)], ...(change.more ?? [])]);
  if (change.wrong !== undefined) files.set("wrong.yaml", change.wrong);
  const r = loadLab("demo", files, { complete: true });
  return r.ok ? [] : r.error.map(formatProblem);
}
const swap = (from: string | RegExp, to: string) => (s: string): string => {
  const out = s.replace(from, to);
  expect(out).not.toBe(s);
  return out;
};

test("a sound folder has no problem and gives each seed its variant", () => {
  expect(problems()).toEqual([]);
  const source = loadLab("demo", new Map([["lab.yaml", LAB], ["text.en.yaml", TEXT], ["solution.sh", SOLUTION]]));
  const variants = Array.from({ length: 8 }, (_, i) => source.ok && source.value.resolve(i + 1)).map((r) => {
    if (r === false || !r.ok) throw new Error("did not resolve");
    const { lab, texts, solution, parameters } = r.value;
    const down = parameters.get("fault")!.includes("name=down");
    expect(lab.nodes.h2!.start.length).toBe(down ? 2 : 1);
    expect(solution!.map((s) => s.name)).toEqual(down ? ["up"] : ["up", "mend"]);
    expect(texts.get("en")!.intro).toBe(`Hello ${lab.nodes.h1!.sub}.`);
    return parameters.get("lan");
  });
  expect(new Set(variants).size).toBeGreaterThan(6);
});

describe("a mistake is named with file, line, key, rule and what to do", () => {
  test.each<[string, Parameters<typeof problems>[0], string[]]>([
    ["a misspelt key", { lab: swap("minutes:", "minuts:") }, ["lab.yaml:1: minutes: is missing; add it: a number", "lab.yaml:5: minuts: is not a key here; remove it, or write 'minutes' if that was meant"]],
    ["a wrong type", { lab: swap("points: 4", "points: four") }, ['lab.yaml:24: tasks[0].points: must be a number; found "four"; write a number']],
    ["an unknown kind", { lab: swap("kind: reach", "kind: reech") }, [/^lab\.yaml:27: tasks\[0\]\.checks\[0\]\.kind: must be one of reach, route.*/ as never]],
    ["an unknown parameter", { lab: swap("${lan.host(2)}", "${wan.host(2)}") }, ["lab.yaml:27: tasks[0].checks[0].to: ${wan.host(2)} names 'wan', which is no parameter here; mend the expression; see docs/lab-format.md"]],
    ["an unknown node", { lab: swap("from: h1", "from: h9") }, ["lab.yaml:27: tasks[0].checks[0].from: names 'h9', which is no node; use one of h1, h2"]],
    ["an interface used twice", { lab: swap('"h2:eth0"', '"h1:eth0"') }, ["lab.yaml:21: cables[0][1]: is the end of an earlier cable already; give each cable its own interfaces"]],
    ["a bad filter", { lab: swap("filter: arp", "filter: arp adn ip") }, [/^lab\.yaml:28: tasks\[0\]\.checks\[1\]\.filter: cannot be used: .*; write it as tcpdump would take it/ as never]],
    ["a check twice", { lab: swap("id: arp", "id: ping"), text: swap(", arp: ARP is seen.", "") }, ["lab.yaml:28: tasks[0].checks[1].id: 'ping' is there twice; give each its own id"]],
    ["a unit nobody knows", { lab: swap("10us", "10 parsecs") }, ['lab.yaml:21: cables[0][2].delay: must be a time such as 500ns, 10us, 1.5ms or 2s; found "10 parsecs"; see docs/lab-format.md']],
    ["hints that cost more than there is", { lab: swap("cost: 2", "cost: 5") }, ["lab.yaml:25: tasks[0].hints.cost: takes more than the task gives; lower it"]],
    ["a hint too few", { text: swap("hints: [ look ]", "hints: []") }, ["text.en.yaml:8: tasks.talk.hints: has 0 hints, lab.yaml says 1; make them equal"]],
    ["a check without words", { text: swap(", arp: ARP is seen.", "") }, ["text.en.yaml:9: tasks.talk.checks: lack the check 'arp'; say in one sentence what must hold"]],
    ["words without a check", { text: swap("arp: ARP", "apr: ARP") }, ["text.en.yaml:9: tasks.talk.checks: lack the check 'arp'; say in one sentence what must hold", "text.en.yaml:9: tasks.talk.checks.apr: is no check of this task; remove it, or correct its name"]],
    ["text that turns around", { text: swap("title: Demo", 'title: "De\\u202Emo"') }, [/^text\.en\.yaml:1: title: must be one line without control characters/ as never]],
    ["a solution on no node", { solution: swap("h1$", "h7$") }, ["solution.sh:2: types on 'h7', which is no node; use one of h1, h2"]],
    ["a solution without steps", { solution: () => "" }, ["solution.sh: has no step for this seed; begin with '# step: name'"]],
    ["a wrong way that fails no task", { wrong: "wrong:\n  - { id: x, note: n, fails: [walk], script: 'h1$ true' }\n" }, ["wrong.yaml:2: wrong[0].fails: names 'walk', which is no task; name tasks of lab.yaml"]],
    ["a wrong way that uses no step", { wrong: "wrong:\n  - id: x\n    note: n\n    fails: [talk]\n    script: |\n      # use: dwon\n" }, ["wrong.yaml:6: uses 'dwon', which is no step of the solution; name a step, or write 'all'"]],
    ["a file nobody reads", { more: [["notes.txt", ""]] }, ["notes.txt: is no file of a lab; remove it; a lab has lab.yaml, text.<lang>.yaml, solution.sh, wrong.yaml"]],
    ["another version", { lab: swap("version: 1", "version: 2") }, ["lab.yaml:1: version: must be 1; found 2; choose one of them"]],
    ["another id", { lab: swap("id: demo", "id: dem") }, ["lab.yaml:2: id: is 'dem', the folder is 'demo'; make them the same"]],
    ["a key twice", { lab: swap("minutes: 10", "minutes: 10\nminutes: 11") }, ["lab.yaml:6: minutes: stands here twice; keep one of them"]],
    ["an alias", { lab: swap("minutes: 10", "minutes: &m 10") }, ["lab.yaml:5: minutes: has an anchor (&name); remove it; anchors and aliases are not used here"]],
    ["a tag", { lab: swap("minutes: 10", "minutes: !!js/function 10") }, [/^lab\.yaml:5: minutes: has the tag|^lab\.yaml:5: is not YAML/ as never]],
    ["no YAML", { lab: swap("minutes: 10", "minutes: [10") }, [/^lab\.yaml:\d+: is not YAML: / as never]],
    ["too wide a parameter", { lab: swap("length: 24", "length: 4") }, [/^lab\.yaml:7: parameters\.lan\.length: must be at least 8/ as never]],
  ])("%s", (_, change, expected) => {
    const found = problems(change);
    expect(found.length).toBeGreaterThan(0);
    for (const [i, e] of expected.entries()) expect(found[i]).toEqual((e as unknown) instanceof RegExp ? expect.stringMatching(e as never) : e);
    for (const p of found) expect(p).toMatch(/^[a-z.]+(:\d+)?: .+; .+/);
  });

  test("every problem of a folder in one run", () => {
    const found = problems({ lab: (s) => s.replace("minutes: 10", "minutes: x").replace("points: 4", "points: -1").replace("kind: build", "kind: biuld"), text: (s) => s.replace("title: Demo", "titel: Demo"), solution: (s) => s.replace("h1$", "h1%") });
    expect(found.map((p) => p.split(":")[0])).toEqual(["lab.yaml", "lab.yaml", "lab.yaml", "solution.sh", "text.en.yaml", "text.en.yaml"]);
  });

  test("a problem of one variant only is found", () => {
    expect(problems({ solution: swap("${fault.fix}", "${fault.cure}") })).toEqual([expect.stringMatching(/^solution\.sh:5: \$\{fault\.cure\} asks a record for \.cure/)]);
  });
});

describe("hostile files give messages, never exceptions", () => {
  const nested = (open: string, close: string, n: number): string => `a: ${open.repeat(n)}${close.repeat(n)}\n`;
  test.each([
    ["deep brackets", nested("[", "]", 100_000)],
    ["deep braces", nested("{a: ", "}", 50_000)],
    ["deep dashes", `${"- ".repeat(100_000)}x\n`],
    ["deep indentation", Array.from({ length: 3_000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["many keys", Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join("\n")],
    ["many items", "- x\n".repeat(250_000)],
    ["many commas", `a: [${"x,".repeat(400_000)}]\n`],
    ["one long text", `a: ${"x".repeat(1_000_000)}\n`],
    ["billion laughs", `a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n`],
    ["a key that pollutes", "__proto__: { polluted: 1 }\nconstructor: 1\n"],
    ["merge", "a: { b: 1 }\n<<: *a\n"],
    ["not text", "\u0000\u0001\u0002"],
    ["a list as key", "? [a, b]\n: c\n"],
    ["two documents", "a: 1\n---\nb: 2\n"],
    ["infinity", "a: .inf\nb: .nan\nc: 1e400\n"],
    ["a comment bomb", "# x\n".repeat(200_000)],
  ])("%s", (_, text) => {
    const r = loadLab("demo", new Map([["lab.yaml", text]]));
    expect(r.ok).toBe(false);
    if (!r.ok) for (const p of r.error) expect(formatProblem(p)).not.toMatch(/TypeError|RangeError|undefined/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test("more than a megabyte is refused before anything is read", () => {
    const r = loadLab("demo", new Map([["lab.yaml", "x".repeat(2 << 20)]]));
    expect(r.ok ? [] : r.error.map((p) => p.rule)).toEqual([expect.stringMatching(/holds \d+ octets; a lab has at most 1048576/)]);
  });

  test("any change of a byte or two ends in a lab or in messages", () => {
    const change = fc.tuple(fc.nat(LAB.length), fc.nat(3), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let text = LAB;
        for (const [at, cut, put] of changes) text = text.slice(0, at) + put + text.slice(at + cut);
        const r = loadLab("demo", new Map([["lab.yaml", text], ["text.en.yaml", TEXT], ["solution.sh", SOLUTION]]), { seeds: [1] });
        if (!r.ok) for (const p of r.error) expect(p.rule.length).toBeGreaterThan(3);
      }),
      { numRuns: 400, seed: 7 },
    );
  });

  test("any text is YAML or not", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => void parseYaml("x.yaml", text)), { numRuns: 2_000, seed: 3 });
  });
});
