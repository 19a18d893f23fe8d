/** Types of devices: what the real ip(8) and bridge(8) of iproute2 6.1 said to the same words, and what is asked of the kernel. */
import { expect, test } from "vitest";
import { bridge } from "../../../../src/userland/commands/bridge.ts";
import { ip } from "../../../../src/userland/commands/ip/ip.ts";
import { addr, run } from "./fixture.ts";

const last = (text: string): string => text.split("\n")[0]!;

test.each([
  ["type vlan id abc", 255, 'Error: argument "abc" is wrong: id is invalid'],
  ["type vlan protocol foo id 5", 255, 'Error: argument "foo" is wrong: protocol is invalid'],
  ["type vlan id 5 loose_binding maybe", 1, 'Error: argument of "loose_binding" must be "on" or "off", not "maybe"'],
  ["type vlan id 5 ingress-qos-map 1:x", 255, 'Error: argument "1" is wrong: invalid ingress-qos-map'],
  ["type vlan id 5 foo", 1, 'vlan: unknown command "foo"?'],
  ["type vxlan dstport 4789", 1, "vxlan: missing virtual network identifier"],
  ["type vxlan id 16777216", 255, 'Error: argument "16777216" is wrong: invalid id'],
  ["type vxlan id 7 group 239.1.1.1 dstport 1", 1, "vxlan: 'group' requires 'dev' to be specified"],
  ["type vxlan id 7 remote 239.1.1.1 dstport 1", 255, 'Error: argument "239.1.1.1" is wrong: invalid remote address'],
  ["type vxlan id 7 remote 1.2.3.4 group 239.1.1.1 dstport 1", 1, "vxlan: both group and remote cannot be specified"],
  ["type vxlan id 7 ttl 256", 255, 'Error: argument "256" is wrong: TTL must be <= 255'],
  ["type vxlan id 7 df foo", 255, "Error: argument \"foo\" is wrong: DF must be 'unset', 'set' or 'inherit'"],
  ["type vxlan id 7 id 8", 255, 'Error: either "id" is duplicate, or "8" is a garbage.'],
  ["type vxlan id 7 dev eth9", 255, 'Cannot find device "eth9"'],
  ["type vxlan id 7 remote 10.0.0.300", 1, 'Error: any valid address is expected rather than "10.0.0.300".'],
  ["type macvlan mode foo", 1, 'Error: argument of "mode" must be "private", "vepa", "bridge", "passthru" or "source", not "foo"'],
  ["type macvlan mode bridge nopromisc", 1, "macvlan: nopromisc flag only valid in passthru mode"],
  ["type macvlan mode bridge bcqueuelen x", 1, 'Error: argument of "bcqueuelen" must be a positive integer [0-4294967295], not "x"'],
  ["type ipvlan mode foo", 1, 'Error: argument of "mode" must be either "l2", "l3" or "l3s"'],
  ["type ipvlan mode l2 private vepa", 1, 'ipvlan: unknown option "vepa"?'],
  ["type gre key foo", 255, 'invalid value for "key": "foo"; it should be an unsigned integer'],
  ["type ipip ttl 500", 255, 'Error: argument "500" is wrong: invalid TTL'],
  ["type ipip remote 1.2.3.400", 1, 'Error: inet address is expected rather than "1.2.3.400".'],
  ["type ipip tos 300", 255, 'Error: argument "300" is wrong: bad TOS value'],
  ["type vrf table foo", 255, 'Error: argument "foo" is wrong: invalid table ID'],
  ["type bond mode foo", 255, 'Error: argument "foo" is wrong: invalid mode'],
  ["type bond primary eth9", 1, 'Cannot find device "eth9"'],
  ["type tun mode tun", 2, "Error: tun/tap creation via rtnetlink is not supported."],
])("ip link add link lo name x0 %s", (words, status, stderr) => {
  const got = run(ip, `ip link add link lo name x0 ${words}`.split(" "));
  expect([got.status, last(got.stderr), got.calls]).toEqual([status, stderr, []]);
});

test.each([
  ["ip tunnel add", 1, "cannot determine tunnel mode (ipip, gre, vti or sit)"],
  ["ip tunnel add t0 mode foo", 255, 'Unknown tunnel mode "foo"'],
  ["ip tunnel add t0 mode ipip key 5", 1, "Keys are not allowed with ipip and sit tunnels"],
  ["ip tunnel add t0 mode ipip remote foo", 1, 'Error: an IP address is expected rather than "foo"'],
  ["ip tunnel add t0 mode ipip ttl 5 nopmtudisc", 1, "ttl != 0 and nopmtudisc are incompatible"],
  ["ip tunnel del t9", 1, 'delete tunnel "t9" failed: No such device'],
  ["ip tuntap add dev t0", 1, "You failed to specify a tunnel mode"],
  ["ip tuntap add mode foo dev t0", 255, 'Unknown tunnel mode "foo"'],
  ["ip tuntap add dev lo mode tun", 1, "ioctl(TUNSETIFF): Device or resource busy"],
  ["ip tuntap del dev lo mode tun", 1, "ioctl(TUNSETIFF): Invalid argument"],
  ["ip vrf show foo", 255, "Invalid VRF"],
  ["ip vrf exec foo true", 255, "Invalid VRF name"],
  ["ip route show vrf foo", 255, 'Error: argument "foo" is wrong: Invalid VRF'],
])("%s", (line, status, stderr) => {
  const got = run(ip, line.split(" "));
  expect([got.status, last(got.stderr), got.calls]).toEqual([status, stderr, []]);
});

test.each([
  ["bridge vlan add dev lo", "Device and VLAN ID are required arguments."],
  ["bridge vlan add dev lo vid 5-3", 'Invalid VLAN range "5-3"'],
  ["bridge vlan add dev lo vid 5-9 pvid", "pvid cannot be configured for a vlan range"],
  ["bridge vlan add dev eth1 vid 5000", 'Invalid VLAN ID "5000"'],
  ["bridge vlan add dev eth7 vid 10", 'Cannot find bridge device "eth7"'],
  ["bridge fdb add 02:fe:00:00:00:08 dev eth0 dst 10.0.0.7 port x", 'Error: argument "x" is wrong: invalid port'],
  ["bridge fdb add 02:fe:00:00:00:08 dev eth0 dst 10.0.0.7 via eth9", 'Cannot find device "eth9"'],
])("%s", (line, stderr) => {
  const got = run(bridge, line.split(" "));
  expect([got.status, last(got.stderr), got.calls]).toEqual([255, stderr, []]);
});

test.each([
  ["type vxlan id 42 remote 10.0.0.2 dev eth0 dstport 4789 nolearning ttl 5", { vxlan: { id: 42, remote: addr("10.0.0.2"), link: 2, dstport: 4789, learning: false, ttl: 5 } }],
  ["type vlan id 10 egress-qos-map 1:2 3:4", { vlan: { id: 10, egressQos: [[1, 2], [3, 4]] } }],
  ["type gre local 10.0.0.1 key 7 csum seq", { tunnel: { local: addr("10.0.0.1"), ikey: 7, okey: 7, icsum: true, ocsum: true, iseq: true, oseq: true } }],
  ["type bond mode 4 miimon 100 xmit_hash_policy layer3+4", { bond: { mode: "802.3ad", miimon: 100, xmitHashPolicy: "layer3+4" } }],
  ["type macvlan mode bridge", { macvlan: { mode: "bridge" } }],
])("ip link add x0 %s asks for", (words, attrs) => {
  const { calls } = run(ip, `ip link add x0 ${words}`.split(" "));
  expect(calls[0]).toMatchObject({ name: "linkAdd", args: [{ name: "x0", attrs }] });
});

test("words by chance end with a status and no exception", () => {
  const words = "type vlan vxlan macvlan ipvlan gre ipip bond vrf id 5 remote local 10.0.0.1 dev eth0 mode bridge l2 802.3ad miimon key ttl inherit table 10 on off -1 999999999999 : 1:2 any no x nolearning dstport primary".split(" ");
  let seed = 7;
  const next = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  for (let i = 0; i < 4000; i++) {
    const line = ["ip", ["link", "tunnel", "tuntap", "vrf"][next(4)]!, ["add", "set", "show", "del"][next(4)]!, "x0"];
    for (let k = next(9); k > 0; k--) line.push(words[next(words.length)]!);
    expect(typeof run(ip, line).status).toBe("number");
    expect(typeof run(bridge, ["bridge", ["vlan", "fdb"][next(2)]!, ...line.slice(2)]).status).toBe("number");
  }
});
