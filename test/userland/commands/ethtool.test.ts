/** What the real ethtool said of veth pairs and bridges; what is refused here is left out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ethtool } from "../../../src/userland/commands/ethtool.ts";
import { link, run } from "./ip/fixture.ts";

const LINKS = [
  link({ ifindex: 1, name: "lo", kind: "loopback", flags: 1 }), link({ ifindex: 3, name: "eth0", flags: 1 }), link({ ifindex: 2, name: "eth1", flags: 1, master: 4 }),
  link({ ifindex: 4, name: "br0", kind: "bridge", flags: 1 }), link({ ifindex: 5, name: "br1", kind: "bridge", carrier: false }),
];
const REFUSED = /^ethtool (-[SkagclTspdemnxtruK]|--show-eee|--show-fec) /;

interface Recorded {
  cmd: string;
  exit: number;
  stdout: string;
  stderr: string;
}
const { commands } = JSON.parse(readFileSync(join(import.meta.dirname, "../../golden/ethtool.json"), "utf8")) as { commands: Recorded[] };

test.each(commands.filter((c) => !REFUSED.test(c.cmd)))("$cmd", ({ cmd, exit, stdout, stderr }) => {
  const got = run(ethtool, cmd.split(" "), { links: LINKS });
  expect({ exit: got.status, stdout: got.stdout, stderr: got.stderr }).toEqual({ exit, stdout, stderr });
});

test.each(commands.filter((c) => REFUSED.test(c.cmd)))("$cmd says that it is not emulated", ({ cmd }) => {
  const got = run(ethtool, cmd.split(" "), { links: LINKS });
  expect(got).toMatchObject({ status: 95, stdout: "", stderr: `packetwalk: 'ethtool ${cmd.split(" ")[1]}' is not emulated\n` });
});
