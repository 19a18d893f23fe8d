import { expect, test } from "vitest";
import { fillOutputs } from "../../tools/book/fill.ts";
import { drawn } from "../../tools/book/outputs.ts";

const source = `Text.

<Output lab="a" node="h1" cmd="echo a > /tmp/x; cat '</tmp/x'" setup={["h1: echo \\"}\\" > /dev/null", 'h2: true']}>

\`\`\`text
old
\`\`\`

</Output>

<Output recorded="Linux 6.1" node="h1" cmd="uname" />

<Output lab="a" node="h2" cmd="true" />
`;

test("outputs are filled in order, and recorded ones are left alone", () => {
  const filled = fillOutputs(source, ["new\nlines", "said"]);
  expect(filled).toContain("'h2: true']}>\n\n```text\nnew\nlines\n```\n\n</Output>");
  expect(filled).toContain('cmd="true">\n\n```text\nsaid\n```\n\n</Output>\n');
  expect(filled).toContain('<Output recorded="Linux 6.1" node="h1" cmd="uname" />');
  expect(filled).not.toContain("old");
});
test("nothing printed is a tag without a fence; what is undefined stays", () => {
  expect(fillOutputs(source, ["", undefined])).toContain("'h2: true']} />\n\n<Output recorded");
  expect(fillOutputs(source, [undefined, undefined])).toBe(source);
});
test("a page of another build is refused", () => {
  expect(() => fillOutputs(source, ["x"])).toThrow("the source has 2 outputs, the page 1");
});
test.each([
  ["1 packets transmitted, 0 received\n", "1 packets transmitted, 0 received"],
  ["a\n\nb\n\n", "a\n\nb"],
  ["a", "a"],
  ["", ""],
  ["\n", "\n"],
])("empty lines at the end of a box are not compared, those within are: %j", (printed, shown) => {
  expect(drawn(printed)).toBe(shown);
});
