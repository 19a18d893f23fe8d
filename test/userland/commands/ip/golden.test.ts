/**
 * Output of the real iproute2 on a machine that `fixture.ts` describes; each file's first line says the command. Standard error, which
 * is not buffered, stands before standard output.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ip } from "../../../../src/userland/commands/ip/ip.ts";
import { run } from "./fixture.ts";

const DIR = join(import.meta.dirname, "../../../golden/ip");

function golden(file: string): { argv: string[]; output: string; status: number } {
  const text = readFileSync(join(DIR, file), "utf8");
  const [head, body] = [text.slice(0, text.indexOf("\n")), text.slice(text.indexOf("\n") + 1)];
  const exit = /# exit (\d+)\n$/.exec(body);
  return { argv: head.slice(head.indexOf(": ") + 2).split(" "), output: exit ? body.slice(0, exit.index) : body, status: exit ? Number(exit[1]) : 0 };
}

test.each(readdirSync(DIR).sort())("%s", (file) => {
  const { argv, output, status } = golden(file);
  const got = run(ip, argv);
  expect({ output: got.stderr + got.stdout, status: got.status }).toEqual({ output, status });
});
