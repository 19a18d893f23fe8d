import { describe, expect, test } from "vitest";
import type { SyntaxFault } from "../../src/userland/shell/ast.ts";
import { Parser, type Dialect } from "../../src/userland/shell/parser.ts";
import { commandText } from "../../src/userland/shell/print.ts";

function parse(dialect: Dialect, text: string): string[] | SyntaxFault {
  const parser = new Parser(text, { dialect, program: true });
  const out: string[] = [];
  for (;;) {
    const parsed = parser.next();
    if (parsed.kind === "end") return out;
    if (parsed.kind === "fault") return parsed.fault;
    out.push(commandText(parsed.script));
  }
}

test("a line is parsed at a time: what stands before an error is a program", () => {
  const parser = new Parser("echo a\nfi\n", { dialect: "dash" });
  expect(parser.next()).toMatchObject({ kind: "commands" });
  expect(parser.next()).toMatchObject({ kind: "fault", fault: { kind: "token", token: '"fi"', line: 2 } });
});

describe("what jobs shows", () => {
  test.each([
    ["sleep 20 | cat &", "sleep 20 | cat &"],
    ["(sleep 0.2;exit 3)", "( sleep 0.2; exit 3 )"],
    ["a&&b||c;d", "a && b || c; d"],
    ["if a;then b;else c;fi>f", "if a; then b; else c; fi > f"],
    ["for i in 1 2;do echo $i;done 2>&1", "for i in 1 2; do echo $i; done 2>&1"],
    ["while x;do y;done", "while x; do y; done"],
    ["{ a;b; }", "{ a; b; }"],
    ["! a | b", "! a | b"],
    ["case x in a|b) c;;esac", "case x in a | b) c ;; esac"],
    ["A=1 B=\"x y\" c <in >>out", "A=1 B=\"x y\" c < in >> out"],
  ])("%s", (text, shown) => expect(parse("bash", text)).toEqual([shown]));
});

describe("whether a text is whole", () => {
  test.each([
    ["echo a", "complete"], ["if true", "open"], ["echo 'a", "quoted"], ["cat <<E\nx", "quoted"], ["cat <<E\nx\nE\n", "complete"], ["a &&", "open"], ["echo $(", "open"], ["f() {", "open"],
    ["echo a \\\n", "open"], ["fi", "complete"], ["echo \"$(", "open"], ["for i in 1 2\ndo", "open"],
  ] as const)("%j is %s", (text, want) => {
    expect(new Parser(text.endsWith("\n") ? text : `${text}\n`, { dialect: "bash", mayContinue: true, program: true }).complete()).toBe(want);
  });
});

test("an alias is expanded once, and after a blank the next word as well", () => {
  const aliases = new Map([["ll", "ls -l"], ["ls", "ls -a"], ["sudo", "sudo "]]);
  const parser = new Parser("ll x; sudo ll", { dialect: "bash", aliases });
  const parsed = parser.next();
  expect(parsed.kind === "commands" && commandText(parsed.script)).toBe("ls -a -l x; sudo ls -a -l");
});

describe("nesting is bounded", () => {
  test.each([["("], ["$("], ["{ "], ["if "], ["while "], ["$(("], ["${x:-"], ["`"], ["[[ ( "], ["case x in x) "]])("%j 5,000 times", (piece) => {
    for (const dialect of ["dash", "bash"] as const) {
      const fault = parse(dialect, `echo ${piece.repeat(5000)}`);
      expect(Array.isArray(fault) || ["other", "eof", "unclosed", "token"].includes(fault.kind)).toBe(true);
    }
  });
});
