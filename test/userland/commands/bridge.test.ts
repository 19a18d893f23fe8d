/** What the real bridge(8) answered on the machine of ip/fixture.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FdbEntry } from "../../../src/kernel/api.ts";
import { bridge } from "../../../src/userland/commands/bridge.ts";
import { mac, run } from "./ip/fixture.ts";

function entry(address: string, ifindex: number, e: Partial<FdbEntry> = {}): FdbEntry {
  return { lladdr: mac(address), ifindex, master: 0, state: "permanent", extern_learn: false, sticky: false, offload: false, added_by_user: false, self: false, used: 0, updated: 0, ...e };
}
const self = { self: true };
const FDB: FdbEntry[] = [
  entry("33:33:00:00:00:01", 2, self), entry("01:00:5e:00:00:01", 2, self),
  entry("33:33:00:00:00:01", 3, self), entry("01:00:5e:00:00:6a", 3, self), entry("33:33:00:00:00:6a", 3, self), entry("01:00:5e:00:00:01", 3, self),
  entry("33:33:00:00:00:01", 4, self),
  entry("02:aa:00:00:00:04", 5, self), entry("33:33:00:00:00:01", 5, self), entry("01:00:5e:00:00:01", 5, self),
  entry("33:33:00:00:00:01", 8, self),
  entry("02:aa:00:00:00:03", 5, { master: 3, state: "dynamic", extern_learn: true }), entry("02:aa:00:00:00:01", 5, { master: 3, state: "static" }),
  entry("02:00:00:00:03:01", 3, { master: 3 }), entry("02:00:00:00:01:02", 5, { master: 3 }), entry("02:00:00:00:04:01", 8, { master: 8 }),
];

interface Recorded {
  cmd: string;
  exit: number;
  stdout: string;
  stderr: string;
}
const { commands } = JSON.parse(readFileSync(join(import.meta.dirname, "../../golden/bridge.json"), "utf8")) as { commands: Recorded[] };

test.each(commands)("$cmd", ({ cmd, exit, stdout, stderr }) => {
  const got = run(bridge, cmd.split(" "), { fdb: FDB });
  expect({ exit: got.status, stdout: got.stdout, stderr: got.stderr }).toEqual({ exit, stdout, stderr });
});

test("what is asked of the kernel by fdb add", () => {
  const { calls } = run(bridge, "bridge fdb add 02:aa:00:00:00:07 dev eth1 master static".split(" "));
  expect(calls).toEqual([
    { name: "fdbAdd", args: [{ lladdr: mac("02:aa:00:00:00:07"), ifindex: 5, master: true, self: false, state: "static", externLearn: false, sticky: false }, "add"] },
  ]);
});

test.each([
  ["bridge fdb add 02:aa:00:00:00:07 dev eth1 self", "permanent", true],
  ["bridge fdb add 02:aa:00:00:00:07 dev eth1 master dynamic", "dynamic", false],
  ["bridge fdb add 02:aa:00:00:00:07 dev eth1 master temp", "static", false],
  ["bridge fdb add 02:aa:00:00:00:07 dev eth1 master local", "permanent", false],
])("%s is %s", (line, state, own) => {
  const { calls } = run(bridge, line.split(" "));
  expect(calls[0]?.args[0]).toMatchObject({ state, self: own });
});

test.each(["bridge mdb", "bridge vni", "bridge monitor", "bridge vlan set vid 5 dev eth1 state 3", "bridge vlan add vid 5 dev eth1 tunnel_info id 5", "bridge fdb add 02:aa:00:00:00:07 dev eth1 nhid 5", "bridge fdb flush dev br0", "bridge -c link"])(
  "%s says that it is not emulated",
  (line) => {
    const got = run(bridge, line.split(" "));
    expect(got.status).toBe(95);
    expect(got.stderr).toMatch(/^packetwalk: 'bridge .*' is not emulated\n$/);
    expect(got.calls).toEqual([]);
  },
);
