/** What a line asks the network stack for: the other half of a command that succeeds in silence. */
import { expect, test } from "vitest";
import { err } from "../../../../src/base/result.ts";
import { ip } from "../../../../src/userland/commands/ip/ip.ts";
import { addr, mac, run } from "./fixture.ts";

const asks = (line: string, name: string, ...args: unknown[]): [string, { name: string; args: unknown[] }] => [line, { name, args }];
const gateway = { via: addr("10.0.0.9") };
const unicast = { dst: addr("10.6.0.0"), dstLen: 16, table: 254, metrics: {}, type: "unicast", proto: 3 };

test.each([
  asks("ip addr add 10.0.0.5/24 dev eth0", "addrAdd", { ifindex: 2, local: addr("10.0.0.5"), address: addr("10.0.0.5"), prefixLen: 24, scope: "global", noprefixroute: false }, "add"),
  asks("ip a a 10.0.0.5/24 brd + dev eth0", "addrAdd", { ifindex: 2, local: addr("10.0.0.5"), address: addr("10.0.0.5"), prefixLen: 24, scope: "global", noprefixroute: false, broadcast: addr("10.0.0.255") }, "add"),
  asks("ip addr add 10.0.0.5/24 brd - dev eth0", "addrAdd", { ifindex: 2, local: addr("10.0.0.5"), address: addr("10.0.0.5"), prefixLen: 24, scope: "global", noprefixroute: false, broadcast: addr("10.0.0.0") }, "add"),
  asks("ip addr add 10.0.0.5/31 brd + dev eth0", "addrAdd", { ifindex: 2, local: addr("10.0.0.5"), address: addr("10.0.0.5"), prefixLen: 31, scope: "global", noprefixroute: false }, "add"),
  asks("ip addr replace 127.0.0.2/8 dev lo label lo:x", "addrAdd", { ifindex: 1, local: addr("127.0.0.2"), address: addr("127.0.0.2"), prefixLen: 8, scope: "host", noprefixroute: false, label: "lo:x" }, "replace"),
  asks("ip addr add 10.0.0.5 peer 10.0.0.6 dev eth0 metric 7", "addrAdd", { ifindex: 2, local: addr("10.0.0.5"), address: addr("10.0.0.6"), prefixLen: 32, scope: "global", noprefixroute: false, metric: 7 }, "add"),
  asks("ip addr change 10.0.0.1/24 dev eth0 valid_lft 60 preferred_lft 30 noprefixroute", "addrAdd", { ifindex: 2, local: addr("10.0.0.1"), address: addr("10.0.0.1"), prefixLen: 24, scope: "global", noprefixroute: true, validLft: 60, preferredLft: 30 }, "change"),
  asks("ip addr del 10.0.0.1/24 dev eth0", "addrDel", { ifindex: 2, local: addr("10.0.0.1"), address: addr("10.0.0.1"), prefixLen: 24 }),
  asks("ip link set eth0 up", "linkSet", 2, { up: true }),
  asks("ip l s dev eth0 down mtu 1400 name lan0", "linkSet", 2, { up: false, mtu: 1400, name: "lan0" }),
  asks("ip link set eth0 address 02:00:00:00:00:09 arp off multicast on promisc on alias up", "linkSet", 2, { lladdr: mac("02:00:00:00:00:09"), arp: false, multicast: true, promisc: true, alias: "up" }),
  asks("ip link set eth0 master br0", "linkSet", 2, { master: 3 }),
  asks("ip link set eth1 nomaster", "linkSet", 5, { master: 0 }),
  asks("ip link set if2 up", "linkSet", 2, { up: true }),
  asks("ip link set br0 type bridge stp_state 1 forward_delay 400 priority 4096", "linkSet", 3, { bridge: { stpState: 1, forwardDelay: 400, priority: 4096 } }),
  asks("ip link set eth1 type bridge_slave hairpin on cost 9 state 3", "linkSet", 5, { bridgePort: { hairpin: true, cost: 9, state: "forwarding" } }),
  asks("ip link del dummy0", "linkDel", 8),
  asks("ip link add br7 address 02:00:00:00:07:07 type bridge ageing_time 100", "linkAdd", { kind: "bridge", name: "br7", lladdr: mac("02:00:00:00:07:07"), bridge: { ageingTime: 100 } }),
  asks("ip link add d7 mtu 9000 txqueuelen 3 type dummy", "linkAdd", { kind: "dummy", name: "d7", mtu: 9000, txqlen: 3 }),
  asks("ip route add 10.6.0.0/16 via 10.0.0.9", "routeAdd", { ...unicast, scope: "global", nexthops: [gateway] }, "add"),
  asks("ip r a 10.6/16 via 10.0.0.9 dev eth0 onlink metric 5 src 10.0.0.2 proto static", "routeAdd", { ...unicast, proto: 4, scope: "global", priority: 5, prefsrc: addr("10.0.0.2"), nexthops: [{ ...gateway, ifindex: 2, onlink: true }] }, "add"),
  asks("ip route append 10.6.0.0/16 dev eth0", "routeAdd", { ...unicast, scope: "link", nexthops: [{ ifindex: 2 }] }, "append"),
  asks("ip route prepend 10.6.0.0/16 nhid 10", "routeAdd", { ...unicast, scope: "global", nhid: 10 }, "prepend"),
  asks("ip route replace unreachable 10.6.0.0/16 table 100", "routeAdd", { ...unicast, type: "unreachable", table: 100, scope: "global" }, "replace"),
  asks("ip route change 10.6.0.0/16 nexthop via 10.0.0.9 weight 3 nexthop dev eth0 onlink", "routeAdd", { ...unicast, scope: "global", nexthops: [{ ...gateway, weight: 3 }, { ifindex: 2, onlink: true }] }, "change"),
  asks("ip route add local 10.6.0.0/16 dev lo", "routeAdd", { ...unicast, type: "local", table: 255, scope: "host", nexthops: [{ ifindex: 1 }] }, "add"),
  asks("ip route add 10.6.0.0/16 via 10.0.0.9 mtu lock 1300 advmss 1200 rtt 200ms tos 8", "routeAdd", { ...unicast, scope: "global", tos: 8, metrics: { mtu: 1300, mtuLock: true, advmss: 1200, rtt: 200 }, nexthops: [gateway] }, "add"),
  asks("ip route del 10.6.0.0/16", "routeDel", { dst: addr("10.6.0.0"), dstLen: 16, table: 254, metrics: {} }),
  asks("ip route del default via 10.0.0.9 metric 5", "routeDel", { dst: 0, dstLen: 0, table: 254, metrics: {}, priority: 5, nexthops: [gateway] }),
  asks("ip rule add from 10.1.0.0/16 table 100", "ruleAdd", { action: "lookup", src: addr("10.1.0.0"), srcLen: 16, table: 100 }),
  asks("ip rule add not to 10.1.0.1 iif eth0 fwmark 0x10/0xff pref 9", "ruleAdd", { action: "lookup", invert: true, dst: addr("10.1.0.1"), dstLen: 32, iif: "eth0", fwmark: 16, fwmask: 255, priority: 9, table: 254 }),
  asks("ip rule add pref 9 prohibit ipproto udp dport 53 sport 1-9", "ruleAdd", { action: "prohibit", priority: 9, ipproto: 17, dport: [53, 53], sport: [1, 9] }),
  asks("ip rule del pref 9", "ruleDel", { priority: 9 }),
  asks("ip neigh add 10.0.0.9 lladdr 02:00:00:00:09:09 dev eth0", "neighAdd", { state: "PERMANENT", lladdr: mac("02:00:00:00:09:09"), ifindex: 2, dst: addr("10.0.0.9") }, "add"),
  asks("ip neigh replace 10.0.0.9 nud reachable router dev eth0", "neighAdd", { state: "REACHABLE", router: true, ifindex: 2, dst: addr("10.0.0.9") }, "replace"),
  asks("ip neigh add proxy 10.0.0.9 dev eth0", "neighAdd", { state: "PERMANENT", proxy: true, ifindex: 2, dst: addr("10.0.0.9") }, "add"),
  asks("ip neigh del 10.0.0.5 dev eth0", "neighDel", { state: "PERMANENT", ifindex: 2, dst: addr("10.0.0.5") }),
  asks("ip nexthop add id 5 via 10.0.0.9 dev eth0 proto static", "nexthopAdd", { id: 5, via: addr("10.0.0.9"), ifindex: 2, proto: 4 }, "add"),
  asks("ip nexthop replace id 9 group 1,3/2", "nexthopAdd", { id: 9, group: [{ id: 1, weight: 3 }, { id: 2, weight: 1 }] }, "replace"),
  asks("ip nexthop del id 5", "nexthopDel", 5),
])("%s", (line, call) => {
  const got = run(ip, line.split(" "));
  expect(got).toMatchObject({ status: 0, stdout: "", stderr: "" });
  expect(got.calls).toEqual([call]);
});

test("a veth gets its peer in the same request; flags and master follow, flags first", () => {
  const { calls } = run(ip, "ip link add va address 02:00:00:00:0a:01 master br0 up type veth peer name vb netns red address 02:00:00:00:0a:02".split(" "));
  expect(calls.map((c) => c.name)).toEqual(["linkAdd", "linkSet", "linkSet"]);
  expect(calls[0]?.args[0]).toMatchObject({ kind: "veth", name: "va", lladdr: mac("02:00:00:00:0a:01"), peer: { name: "vb", lladdr: mac("02:00:00:00:0a:02"), netns: { inode: 2 } } });
  expect(calls.slice(1).map((c) => c.args)).toEqual([[9, { up: true }], [9, { master: 3 }]]);
});

test("a device whose flags or master are refused is taken away again", () => {
  const { calls, status, stderr } = run(ip, "ip link add d7 master br0 type dummy".split(" "), { answers: { linkSet: err({ errno: "EBUSY" }) } });
  expect(calls.map((c) => c.name)).toEqual(["linkAdd", "linkSet", "linkDel"]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: "RTNETLINK answers: Device or resource busy\n" });
});

test("names that are not given: the peer of a veth has the lower number", () => {
  const { calls } = run(ip, "ip link add type veth".split(" "));
  expect(calls[0]?.args[0]).toMatchObject({ name: "veth1", peer: { name: "veth0" } });
});

test.each([
  ["a reason of the kernel is printed alone, with its full stop", { errno: "EINVAL", extack: "Nexthop has invalid gateway" }, "Error: Nexthop has invalid gateway.\n"],
  ["a full stop that is there is not doubled", { errno: "EINVAL", extack: "No." }, "Error: No.\n"],
  ["without a reason the errno is told", { errno: "EEXIST" }, "RTNETLINK answers: File exists\n"],
] as const)("%s", (_what, error, stderr) => {
  expect(run(ip, "ip route add 10.6.0.0/16 via 10.0.0.9".split(" "), { answers: { routeAdd: err(error) } })).toMatchObject({ status: 2, stderr });
});

test("who is not root may look and not touch", () => {
  expect(run(ip, "ip link set eth0 up".split(" "), { uid: 1000 })).toMatchObject({ status: 2, stderr: "RTNETLINK answers: Operation not permitted\n", calls: [] });
  expect(run(ip, "ip -br link show lo".split(" "), { uid: 1000 }).status).toBe(0);
});

test("names of tables come from /etc/iproute2", () => {
  const files = { "/etc/iproute2/rt_tables": "255 local\n254 main\n# mine\n100\tisp1\n" };
  expect(run(ip, "ip route show table isp1".split(" "), { files }).stdout).toBe("default via 10.0.0.9 dev eth0 proto bird \nthrow 10.8.3.0/24 \n");
  expect(run(ip, "ip rule show pref 32765".split(" "), { files }).stdout).toBe("32765:\tfrom 10.0.0.0/8 lookup isp1\n");
  expect(run(ip, "ip rule show pref 32765".split(" ")).stdout).toBe("32765:\tfrom 10.0.0.0/8 lookup 100\n");
});

test.each([
  "ip xfrm state", "ip tunnel prl x", "ip tuntap add dev t0 mode tun multi_queue", "ip maddr add 33:33:00:00:00:05 dev eth0", "ip monitor", "ip mptcp", "ip stats", "ip link add x type geneve id 5",
  "ip link set eth0 type geneve", "ip -c link", "ip -r addr", "ip -6 route add default via fe80::1 dev eth0 nhid 1", "ip route add 10.0.0.0/8 via 10.0.0.9 encap mpls 5",
  "ip route save", "ip link property add dev eth0 altname x", "ip nexthop add id 5 encap mpls 5", "ip netns monitor", "ip -M route", "ip link set eth0 vf 1 mac x",
])("%s says that it is not emulated", (line) => {
  const got = run(ip, line.split(" "));
  expect(got).toMatchObject({ status: 95, stdout: "", calls: [] });
  expect(got.stderr).toMatch(/^packetwalk: 'ip .*' is not emulated\n$/);
});

const complete = (line: string, word = ""): readonly string[] => {
  const links = [{ name: "lo" }, { name: "eth0" }];
  const proc = { netns: { rtnl: { links: () => links } }, machine: { fs: { stat: () => ({ ok: true, value: { entries: new Map([["red", {}]]) } }) } } };
  return ip.complete!(proc as never, line.split(" "), word);
};

test("completion knows objects, verbs, devices and namespaces", () => {
  expect(complete("ip")).toContain("route");
  expect(complete("ip", "-")).toContain("-brief");
  expect(complete("ip -br a")).toContain("show");
  expect(complete("ip addr add 10.0.0.1/24 dev")).toEqual(["lo", "eth0"]);
  expect(complete("ip link set")).toContain("eth0");
  expect(complete("ip netns exec")).toEqual(["red"]);
  expect(complete("ip link set eth0 netns")).toEqual(["red"]);
  expect(complete("ip route add blackhole")).toContain("table");
});
