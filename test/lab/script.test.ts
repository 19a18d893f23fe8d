import { expect, test } from "vitest";
import { parseScript } from "../../src/lab/script.ts";
import type { Env } from "../../src/lab/template.ts";

const env: Env = { lookup: (name) => (name === "node" ? "s1" : name === "fix" ? "ip link set eth1 up" : name === "none" ? "" : undefined), mac: () => undefined };

test("a script is steps of typed lines, keys and waits", () => {
  const { steps, problems } = parseScript("# step: one\n# a remark\nh1$ echo $HOME # not a remark\n\n${node}$ ${fix}\n# step: two\n# when: fault.name down up\nh1& ping h2\n# wait: 2.5\nh1^C\n# use: one\n", env);
  expect(problems).toEqual([]);
  expect(steps).toEqual([
    { name: "one", line: 1, when: [], actions: [{ do: "type", node: "h1", text: "echo $HOME # not a remark", wait: true, line: 3 }, { do: "type", node: "s1", text: "ip link set eth1 up", wait: true, line: 5 }] },
    {
      name: "two", line: 6, when: [{ what: "fault.name", values: ["down", "up"], line: 7 }],
      actions: [{ do: "type", node: "h1", text: "ping h2", wait: false, line: 8 }, { do: "wait", seconds: 2.5, line: 9 }, { do: "key", node: "h1", key: "C", line: 10 }, { do: "use", step: "one", line: 11 }],
    },
  ]);
});

test.each([
  ["ping h2", /none of 'node\$ command'/],
  ["h1$ ", /without a command/],
  ["h1$ ${none}", /without a command/],
  ["h1$ ${nobody}", /no parameter/],
  ["# step: Two Words", /proper name/],
  ["# step: a\n# step: a", /second step 'a'/],
  ["# wait: long", /without seconds/],
  ["# step: a\nh1$ x\n# when: a b", /below the commands/],
  ["# step: a\n# when: a", /without a value/],
])("%j is refused with line and rule", (text, why) => {
  const { problems } = parseScript(text, env);
  expect(problems.map((p) => p.rule).join()).toMatch(why);
  expect(problems[0]!.line).toBeGreaterThan(0);
});
