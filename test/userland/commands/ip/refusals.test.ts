/** What the real iproute2 answered to some four hundred wrong, odd and half-finished lines. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ip } from "../../../../src/userland/commands/ip/ip.ts";
import { run } from "./fixture.ts";

interface Recorded {
  cmd: string;
  exit: number;
  stdout: string;
  stderr: string;
}
const { commands } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../golden/ip-refusals.json"), "utf8")) as { commands: Recorded[] };

test.each(commands)("$cmd", ({ cmd, exit, stdout, stderr }) => {
  const got = run(ip, cmd.split(" "));
  expect({ exit: got.status, stdout: got.stdout, stderr: got.stderr }).toEqual({ exit, stdout, stderr });
});
