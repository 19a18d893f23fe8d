import { describe, expect, test } from "vitest";
import { getopt } from "../../src/userland/getopt.ts";

const SHORTS = "Abn:c:s::q";
const LONGS = { lines: "n:", bytes: "c:", "show-ends": "E", "show-all": "A", quiet: "q", silent: "q", help: "help", color: "color::" };
const brief = (args: string[]): unknown => {
  const { options, operands, error } = getopt(args, SHORTS, LONGS);
  return [options.map((o) => (o.value === undefined ? o.key : `${o.key}=${o.value}`)).join(" "), operands.join(" "), error];
};

describe("getopt", () => {
  test.each<[string[], string, string]>([
    [["-Ab", "f"], "A b", "f"],
    [["f", "-A", "g"], "A", "f g"],
    [["-n5", "-n", "6", "--lines=7", "--lines", "8"], "n=5 n=6 n=7 n=8", ""],
    [["-bn", "5"], "b n=5", ""],
    [["-s", "x", "-sy"], "s s=y", "x"],
    [["--", "-A", "x"], "", "-A x"],
    [["-", "-A"], "A", "-"],
    [["--color", "always", "--color=never"], "color color=never", "always"],
    [["--by=3", "--he"], "c=3 help", ""],
    [["--lines="], "n=", ""],
    [["-n", "-1"], "n=-1", ""],
  ])("%j gives options %j and operands %j", (args, options, operands) => {
    expect(brief(args)).toEqual([options, operands, undefined]);
  });

  // Texts taken from cat, head and ls of coreutils 9.1.
  test.each<[string[], string]>([
    [["-Z", "x"], "invalid option -- 'Z'"],
    [["-AZ"], "invalid option -- 'Z'"],
    [["-n"], "option requires an argument -- 'n'"],
    [["--lines"], "option '--lines' requires an argument"],
    [["--lin"], "option '--lines' requires an argument"],
    [["--foo"], "unrecognized option '--foo'"],
    [["--foo=x"], "unrecognized option '--foo=x'"],
    [["--help=3"], "option '--help' doesn't allow an argument"],
    [["--he=3"], "option '--help' doesn't allow an argument"],
    [["--show=1"], "option '--show=1' is ambiguous; possibilities: '--show-ends' '--show-all'"],
    [["--constructor"], "unrecognized option '--constructor'"],
    [["-:"], "invalid option -- ':'"],
  ])("%j is refused: %s", (args, error) => {
    expect(getopt(args, SHORTS, LONGS).error).toBe(error);
  });

  test("options before the mistake are reported", () => {
    expect(getopt(["--help", "-Z"], SHORTS, LONGS).options.map((o) => o.key)).toEqual(["help"]);
  });

  test("a leading + stops at the first operand", () => {
    const r = getopt(["-n", "3", "cmd", "-A"], "+n:A");
    expect(r.operands).toEqual(["cmd", "-A"]);
    expect(r.options).toEqual([{ key: "n", value: "3", typed: "-n", at: 0 }]);
  });
});
