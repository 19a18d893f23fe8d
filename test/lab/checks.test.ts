/** Each kind of check passes where it should, fails where it should, and says what was expected, what was found, and where it first went wrong. */
import { describe, expect, test } from "vitest";
import { grade } from "../../src/lab/grade.ts";
import type { Outcome } from "../../src/lab/protocol.ts";
import { parseScript } from "../../src/lab/script.ts";
import { typed } from "../../src/lab/typist.ts";
import { tinyLab } from "./labs.ts";

/** h1 and h2 on a switch with r1, srv behind it. */
const LAN = `nodes:
  h1: { kind: host, at: [0, 0], start: [ ip addr add 10.0.1.2/24 dev eth0, ip link set eth0 up, ip route add default via 10.0.1.1 ] }
  h2: { kind: host, at: [0, 2], start: [ ip addr add 10.0.1.3/24 dev eth0, ip link set eth0 up, ip route add default via 10.0.1.1 ], files: { /etc/motd: "welcome\\n" } }
  s1: { kind: switch, at: [1, 1], start: [ ip link add br0 type bridge, "for p in eth1 eth2 eth3; do ip link set $p master br0; ip link set $p up; done", ip link set br0 up ] }
  r1: { kind: router, at: [2, 1], start: [ ip addr add 10.0.1.1/24 dev eth0, ip addr add 10.0.2.1/24 dev eth1, ip link set eth0 up, ip link set eth1 up ] }
  srv: { kind: host, at: [3, 1], start: [ ip addr add 10.0.2.2/24 dev eth0, ip link set eth0 up, ip route add default via 10.0.2.1 ] }
cables:
  - [ "h1:eth0", "s1:eth1", { macs: [ "02:00:00:00:01:02", "02:00:00:00:05:01" ] } ]
  - [ "h2:eth0", "s1:eth2", { macs: [ "02:00:00:00:01:03", "02:00:00:00:05:02" ] } ]
  - [ "r1:eth0", "s1:eth3", { macs: [ "02:00:00:00:01:01", "02:00:00:00:05:03" ] } ]
  - [ "r1:eth1", "srv:eth0", { macs: [ "02:00:00:00:02:01", "02:00:00:00:02:02" ] } ]
`;

function outcomes(checks: readonly string[], script = ""): Outcome[] {
  const tasks = `tasks:\n  - id: t\n    points: 1\n    checks:\n${checks.map((c, i) => `      - { id: c${i}, ${c} }\n`).join("")}`;
  const lab = tinyLab(LAN + tasks);
  const session = typed(lab, parseScript(script, { lookup: () => undefined, mac: () => undefined }).steps);
  if (!session.ok) throw new Error(session.error);
  return [...grade(lab, session.value.log, session.value.now).tasks[0]!.outcomes];
}
const outcome = (check: string, script?: string): Outcome => outcomes([check], script)[0]!;
function failure(check: string, script?: string): { expected: string; found: string; hop: string } {
  const o = outcome(check, script);
  if (o.status !== "fail") throw new Error(`${o.status}: ${o.status === "error" ? o.because : o.found.text}`);
  return { expected: o.expected.text, found: o.found.text, hop: o.firstWrong?.text ?? "" };
}
const passes = (check: string, script?: string): void => {
  const o = outcome(check, script);
  expect(o.status === "pass" ? "" : o.status === "error" ? o.because : `${o.found.text}; ${o.firstWrong?.text ?? ""}`).toBe("");
};

describe("reach", () => {
  test.each([
    ["kind: reach, from: h1, to: 10.0.2.2"],
    ["kind: reach, between: { h1: 10.0.1.2, h2: 10.0.1.3, srv: 10.0.2.2 }"],
    ["kind: reach, from: h1, to: 127.0.0.1"],
    ["kind: reach, from: h1, to: 10.0.1.77, expect: host-unreachable, by: 10.0.1.2"],
    ["kind: reach, from: h1, to: 10.0.2.77, expect: host-unreachable, by: 10.0.1.1"],
    ["kind: reach, from: h1, to: 192.0.2.1, expect: net-unreachable, by: 10.0.1.1"],
    ["kind: reach, from: h1, to: 10.0.2.2, ttl: 1, expect: ttl-exceeded, by: 10.0.1.1"],
    ["kind: reach, from: h1, to: 10.0.2.2, size: 1472, df: true"],
    ["kind: reach, from: h1, to: 10.0.2.2, size: 5000"],
    ["kind: reach, from: h1, to: 10.0.2.2, size: 1473, df: true, expect: frag-needed"],
    ["kind: reach, from: r1, to: 192.0.2.1, expect: no-route"],
    ["kind: reach, from: h1, to: 10.0.2.2, with: udp, port: 9, expect: port-unreachable, by: 10.0.2.2"],
    ["kind: reach, from: h1, to: 10.0.1.3, with: arp, dev: eth0, mac: '02:00:00:00:01:03'"],
    ["kind: reach, from: h1, to: 10.0.1.9, with: arp, dev: eth0, expect: timeout"],
    ["kind: reach, from: h1, to: 10.0.2.2, source: 10.0.1.2, if: [ { flush: neigh, on: all }, { flush: fdb, on: s1 } ]"],
    ["kind: reach, from: h1, to: 10.0.2.2, if: [ { cut: 'r1:eth1' }, { restore: 'srv:eth0' }, { idle: 2 } ]"],
    ["kind: reach, from: h1, to: 10.0.2.2, expect: host-unreachable, if: [ { cut: 'r1:eth1' } ]"],
    ["kind: reach, from: h1, to: 10.0.2.2, expect: timeout, if: [ { on: srv, run: ip route del default } ]"],
  ])("%s holds", (check) => passes(check));

  test("a missing way back is found at the machine that has none", () => {
    expect(failure("kind: reach, from: h1, to: 10.0.2.2", "srv$ ip route del default\n")).toEqual({ expected: "h1 > 10.0.2.2: an answer", found: "h1 > 10.0.2.2: silence", hop: expect.stringMatching(/^srv, .*route/) });
  });
  test("a router that does not forward is named", () => {
    expect(failure("kind: reach, from: h1, to: 10.0.2.2", "r1$ sysctl -q net.ipv4.ip_forward=0\n").hop).toMatch(/^r1, eth0, .*Dropped/);
  });
  test("a port taken out of the bridge is found by how far the question came", () => {
    expect(failure("kind: reach, from: h1, to: 10.0.1.3", "s1$ ip link set eth2 nomaster\n").hop).toBe("h1, eth0, neighbour: 10.0.1.3 dev eth0 FAILED. Dropped, NEIGH_FAILED: nobody answered who-has. The question reached s1, r1.");
  });
  test("a static entry to the wrong port is named", () => {
    expect(failure("kind: reach, from: h1, to: 10.0.1.3", "s1$ bridge fdb replace 02:00:00:00:01:03 dev eth3 master static sticky\n").hop).toMatch(/^s1, br0, FDB: 02:00:00:00:01:03 dev eth3 master br0.* static\. The frame is sent to r1, whose MAC is another\.$/);
  });
  test("a wrong neighbour entry is named where it stands", () => {
    expect(failure("kind: reach, from: h1, to: 10.0.1.3", "h1$ ip neigh replace 10.0.1.3 lladdr 02:00:00:00:99:99 dev eth0 nud permanent\n").hop).toMatch(/^h1, eth0, neighbour: 10\.0\.1\.3 dev eth0 lladdr 02:00:00:00:99:99 PERMANENT\. Nobody takes the frame/);
  });
  test("an answer where none should be is a failure", () => {
    expect(failure("kind: reach, from: h1, to: 10.0.1.3, expect: timeout").found).toBe("h1 > 10.0.1.3: an answer");
    expect(failure("kind: reach, from: h1, to: 10.0.1.3, expect: host-unreachable").found).toBe("h1 > 10.0.1.3: an answer");
    expect(failure("kind: reach, from: h1, to: 10.0.2.77, expect: host-unreachable, by: 10.0.1.9").found).toBe("h1 > 10.0.2.77: Destination Host Unreachable from 10.0.1.1");
  });
  test("two that answer for one address are both heard", () => {
    expect(failure("kind: reach, from: h1, to: 10.0.1.3, with: arp, dev: eth0, mac: '02:00:00:00:01:03'", "r1$ ip addr add 10.0.1.3/24 dev eth0\n").found).toMatch(/an answer from 02:00:00:00:01:0[13] and 02:00:00:00:01:0[13]/);
  });
});

describe("walk", () => {
  test.each([
    ["kind: walk, from: h1, to: 10.0.2.2, passes: [ { node: s1 }, { node: r1, stage: forward }, { node: srv, stage: deliver } ], routers: { min: 1, max: 1 }"],
    ["kind: walk, from: h1, to: 10.0.2.2, way: back, passes: [ { node: r1 }, { node: s1 }, { node: h1, stage: deliver } ]"],
    ["kind: walk, from: h1, to: 10.0.2.2, way: both, avoids: [ { node: h2 } ], passes: [ { node: r1 } ]"],
    ["kind: walk, from: h1, to: 10.0.1.3, way: both, avoids: [ { node: r1 } ], routers: { max: 0 }"],
  ])("%s holds", (check) => passes(check));

  test("says what is passed instead, and the first step that should not be", () => {
    expect(failure("kind: walk, from: h1, to: 10.0.1.3, passes: [ { node: r1 } ]").found).toBe("does not pass r1; it passes h1, s1, h2");
    expect(failure("kind: walk, from: h1, to: 10.0.2.2, passes: [ { node: r1 }, { node: s1 } ]").found).toMatch(/^does not pass s1; it passes h1, s1, r1, srv/);
    const avoids = failure("kind: walk, from: h1, to: 10.0.2.2, avoids: [ { node: r1, dev: eth1 } ]");
    expect([avoids.found, avoids.hop]).toEqual(["passes r1 eth1", expect.stringMatching(/^r1, eth1/)]);
    expect(failure("kind: walk, from: h1, to: 10.0.2.2, routers: { max: 0 }").found).toMatch(/^is forwarded by 1 router/);
  });
  test("a packet that gets nowhere avoids nothing", () => {
    expect(failure("kind: walk, from: h1, to: 10.0.1.99, avoids: [ { node: r1 } ]").found).toBe("no answer from 10.0.1.99");
  });
});

describe("tables", () => {
  test.each([
    ["kind: fdb, node: s1, if: [ { on: h1, run: ping -c 1 10.0.1.3 } ], has: [ { mac: '02:00:00:00:01:02', port: eth1, state: dynamic }, { mac: '02:00:00:00:01:03', port: eth2 } ]"],
    ["kind: fdb, node: s1, lacks: [ { mac: '02:00:00:00:01:03' } ]"],
    ["kind: fdb, node: s1, only: [ { mac: '02:00:00:00:05:01', state: permanent }, { state: permanent } ]"],
    ["kind: neigh, node: h1, if: [ { on: h1, run: ping -c 1 10.0.1.3 } ], only: [ { address: 10.0.1.3, mac: '02:00:00:00:01:03', state: [REACHABLE, STALE, DELAY] } ]"],
    ["kind: neigh, node: h1, if: [ { on: h1, run: ping -c 1 10.0.1.77 } ], only: []"],
    ["kind: neigh, node: h1, if: [ { on: h1, run: ping -c 1 -W 1 10.0.1.77 }, { idle: 3 } ], has: [ { address: 10.0.1.77, state: FAILED } ]"],
    ["kind: route, node: h1, has: [ { to: default, via: 10.0.1.1, dev: eth0 } ], only: [ { to: 0.0.0.0/0 }, { to: 10.0.1.0/24, src: 10.0.1.2 } ], get: [ { to: 10.0.2.9, via: 10.0.1.1, dev: eth0, src: 10.0.1.2 }, { to: 10.0.1.2, type: local } ]"],
    ["kind: route, node: r1, lacks: [ { to: default } ], get: [ { to: 192.0.2.1, type: none } ]"],
    ["kind: route, node: r1, dev: eth1, only: [ { to: 10.0.2.0/24 } ]"],
    ["kind: neigh, node: r1, dev: eth1, if: [ { on: h1, run: ping -c 1 10.0.2.2 } ], only: [ { address: 10.0.2.2, mac: '02:00:00:00:02:02' } ]"],
  ])("%s holds", (check) => passes(check));

  test("a VXLAN's remote machines are entries like others; its settings are seen", () => {
    const vxlan = "r1$ ip link add vx0 mtu 1450 type vxlan id 7 local 10.0.1.1 dstport 8472 nolearning\nr1$ bridge fdb add 02:00:00:00:07:02 dev vx0 dst 10.0.2.2\n";
    passes("kind: fdb, node: r1, dev: vx0, only: [ { mac: '02:00:00:00:07:02', dst: 10.0.2.2, state: permanent } ]", vxlan);
    expect(failure("kind: fdb, node: r1, dev: vx0, has: [ { mac: '02:00:00:00:07:02', dst: 10.0.2.3 } ]", vxlan).found).toBe("r1 vx0: no entry mac 02:00:00:00:07:02 dst 10.0.2.3; there is 02:00:00:00:07:02 dev vx0 dst 10.0.2.2 permanent");
    expect(failure("kind: fdb, node: r1, dev: vx0, only: [ { dst: 10.0.2.2 } ]", `${vxlan}r1$ bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.2.9\n`).found).toBe("r1 vx0: 00:00:00:00:00:00 dev vx0 dst 10.0.2.9 permanent as well");
    passes("kind: config, link: { node: r1, dev: vx0, kind: vxlan, vni: 7, port: 8472, local: 10.0.1.1, learning: false, mtu: 1450, up: false }", vxlan);
    expect(failure("kind: config, link: { node: r1, dev: vx0, vni: 8 }", vxlan).found).toBe("r1:vx0: vni is 7");
    expect(failure("kind: config, link: { node: r1, dev: eth0, vni: 8 }").found).toBe("r1:eth0: vni is not known of this kind");
  });

  test("say what is missing, what is there, what is there as well", () => {
    expect(failure("kind: route, node: h1, has: [ { to: 10.0.2.0/24, via: 10.0.1.1 } ]").found).toBe("h1: no entry to 10.0.2.0/24 via 10.0.1.1; there is default via 10.0.1.1 dev eth0; 10.0.1.0/24 dev eth0 src 10.0.1.2");
    expect(failure("kind: route, node: h1, lacks: [ { to: default } ]").found).toBe("h1: default via 10.0.1.1 dev eth0");
    expect(failure("kind: route, node: h1, only: [ { to: default } ]").found).toBe("h1: 10.0.1.0/24 dev eth0 src 10.0.1.2 as well");
    expect(failure("kind: route, node: h1, get: [ { to: 10.0.2.2, via: 10.0.1.9 } ]").found).toBe("h1: 10.0.2.2 via 10.0.1.1 dev eth0 src 10.0.1.2");
    expect(failure("kind: route, node: r1, get: [ { to: 192.0.2.1, via: 10.0.1.2 } ]").found).toBe("r1 has no route to 192.0.2.1 (ENETUNREACH)");
    expect(failure("kind: fdb, node: s1, has: [ { mac: '02:00:00:00:01:02', port: eth2 } ]", "h1$ ping -c 1 10.0.1.3\n").found).toMatch(/no entry mac 02:00:00:00:01:02 port eth2; there is .*02:00:00:00:01:02 dev eth1 master br0/);
  });
  test("a namespace that is not there is a finding; a probe from one says so", () => {
    expect(failure("kind: reach, from: h1, netns: pod, to: 10.0.1.3", "h1$ ip netns add pod\n")).toMatchObject({ expected: "h1 (pod) > 10.0.1.3: an answer", found: "h1 (pod) > 10.0.1.3: no route on the sender" });
    expect(failure("kind: route, node: h1, netns: pod, has: [ { to: default } ]").found).toBe("there is none of that name");
    passes("kind: route, node: h1, netns: pod, only: []", "h1$ ip netns add pod\n");
  });
});

describe("capture", () => {
  test.each([
    ["kind: capture, on: 'h1:eth0', filter: icmp, during: [ { on: h1, run: ping -c 2 -i 0.2 10.0.1.3 } ], count: { min: 4, max: 4 }"],
    ["kind: capture, on: 'h1:eth0', direction: out, filter: icmp, during: [ { on: h1, run: ping -c 2 -i 0.2 10.0.1.3 } ], count: { min: 2, max: 2 }"],
    ["kind: capture, on: 's1:eth1', direction: in, filter: 'icmp[icmptype] == icmp-echo', during: [ { on: h1, run: ping -c 1 10.0.1.3 } ], count: { min: 1, max: 1 }"],
    ["kind: capture, on: 'r1:eth0', filter: icmp, during: [ { on: h1, run: ping -c 1 10.0.1.3 } ], count: { max: 0 }"],
    ["kind: capture, on: cables, filter: 'arp and ether broadcast', during: [ { on: h1, run: ping -c 1 10.0.1.3 }, { idle: 1 } ], count: { max: 1 }"],
    ["kind: capture, on: 's1:br0', filter: 'arp and ether broadcast', during: [ { on: h1, run: ping -c 1 10.0.1.3 } ], count: { min: 1, max: 1 }"],
    ["kind: capture, on: 'h1:eth0', filter: icmp, during: [ { on: h1, run: ping -c 1 10.0.1.3 } ], count: { min: 2 }, others: { min: 2, max: 2 }"],
  ])("%s holds", (check) => passes(check));

  test("counts what the learner's session carried", () => {
    const ping = "h1$ ping -c 3 -i 0.2 10.0.1.3\n";
    passes("kind: capture, on: 'h2:eth0', filter: icmp, since: start, count: { min: 6, max: 6 }", ping);
    expect(failure("kind: capture, on: 'h2:eth0', filter: icmp, since: start, count: { max: 5 }", ping)).toMatchObject({ expected: 'h2:eth0: at most 5 frames of "icmp"', found: "h2:eth0: 6 frames" });
  });
  test("reads a capture file that the learner wrote", () => {
    const dump = "h1& tcpdump -c 2 -w /root/x.pcap -i eth0 icmp\n# wait: 1\nh2$ ping -c 1 10.0.1.2\n# wait: 1\n";
    passes("kind: capture, file: { node: h1, path: /root/x.pcap }, filter: 'host 10.0.1.3', count: { min: 2, max: 2 }, others: { max: 0 }", dump);
    expect(failure("kind: capture, file: { node: h1, path: /root/x.pcap }, filter: arp, count: { min: 1 }", dump).found).toBe("h1:/root/x.pcap: no frame");
    expect(failure("kind: capture, file: { node: h1, path: /root/y.pcap }, count: { min: 1 }").found).toBe("there is no file h1:/root/y.pcap");
    expect(failure("kind: capture, file: { node: h2, path: /etc/motd }, count: { min: 1 }").found).toMatch(/is no capture file/);
  });
});

describe("config", () => {
  test.each([
    ["kind: config, answer: { key: where, equals: [s1, s2] }", "h2$ answer where S1\n"],
    ["kind: config, answer: { key: n, equals: 12, as: number }", "h1$ answer n 0012\n"],
    ["kind: config, answer: { key: mac, equals: { on: h1, run: cat /sys/class/net/eth0/address }, as: mac }", "h1$ answer mac 2:0:0:0:1:2\n"],
    ["kind: config, answer: { key: macs, equals: 'b a', as: words }", "h1$ answer macs a, b\n"],
    ["kind: config, answer: { key: ip, equals: 10.0.1.2, as: address }", "h1$ answer ip 10.0.1.2/24\n"],
    ["kind: config, file: { node: h2, path: /etc/motd, equals: welcome, lacks: hell }", ""],
    ["kind: config, file: { node: h1, path: /root/none, exists: false }", ""],
    ["kind: config, sysctl: { node: r1, key: net.ipv4.ip_forward, equals: 1 }", ""],
    ["kind: config, link: { node: s1, dev: br0, kind: bridge, up: true, stp: false, ageing: 300, mtu: 1500 }", ""],
    ["kind: config, link: { node: s1, dev: eth1, master: br0, state: forwarding, carrier: true, mac: '02:00:00:00:05:01' }", ""],
    ["kind: config, link: { node: h1, dev: eth0, master: none }", ""],
    ["kind: config, link: { node: h1, dev: eth7, exists: false }", ""],
    ["kind: config, addresses: { node: r1, dev: any, only: [10.0.1.1/24, 10.0.2.1/24] }", ""],
    ["kind: config, addresses: { node: s1, dev: eth1, only: [] }", ""],
    ["kind: config, addresses: { node: h1, dev: eth0, has: [10.0.1.2/24], lacks: [10.0.1.3, 10.0.1.2/16] }", ""],
  ])("%s holds", (check, script) => passes(check, script));

  test("says what is there, and of an answer never what would be right", () => {
    expect(failure("kind: config, answer: { key: where, equals: s1 }").found).toBe("no answer yet");
    const wrong = failure("kind: config, answer: { key: where, equals: s1 }", "h1$ answer where s2\n");
    expect(wrong).toMatchObject({ expected: "the right value in `answer where VALUE`", found: "s2, which is not right" });
    expect(failure("kind: config, answer: { key: where, equals: s1 }", "h1$ answer where s2\nh2$ answer where s1\n").found).toBe("s2, which is not right");
    expect(failure("kind: config, file: { node: h2, path: /etc/motd, contains: hello }").found).toBe("welcome");
    expect(failure("kind: config, file: { node: h2, path: /etc/nothing }").found).toBe("there is no file h2:/etc/nothing");
    expect(failure("kind: config, sysctl: { node: h1, key: net.ipv4.ip_forward, equals: 1 }").found).toBe("net.ipv4.ip_forward = 0");
    expect(failure("kind: config, link: { node: s1, dev: br0, stp: true }").found).toBe("s1:br0: stp is false");
    expect(failure("kind: config, link: { node: s1, dev: br1 }").found).toBe("there is no br1 on s1");
    expect(failure("kind: config, addresses: { node: h1, dev: eth0, has: [10.0.1.2/16] }").found).toBe("h1:eth0: 10.0.1.2/24");
    expect(failure("kind: config, addresses: { node: h1, dev: eth7, only: [] }").found).toBe("there is no eth7 on h1");
  });
});

describe("output", () => {
  test.each([
    ["kind: output, on: h2, run: cat /etc/motd, equals: welcome, exit: 0"],
    ["kind: output, on: h1, run: 'ip -br addr show eth0', contains: 10.0.1.2/24, lacks: 10.0.1.3"],
    ["kind: output, on: h1, run: 'exit 3', exit: 3"],
  ])("%s holds", (check) => passes(check));
  test("says what was printed", () => {
    expect(failure("kind: output, on: h2, run: cat /etc/motd, contains: hello").found).toBe('nothing with "hello"; it printed: welcome');
    expect(failure("kind: output, on: h2, run: cat /etc/motd, exit: 1").found).toBe("exit status 0; it printed: welcome");
    expect(failure("kind: output, on: h2, run: sleep 100, within: 2, exit: 0").found).toBe("it did not end within 2 s; it printed: nothing");
  });
});

describe("what a check does", () => {
  test("is seen neither by the learner nor by another check", () => {
    const all = outcomes(["kind: config, if: [ { on: h1, run: touch /root/x }, { on: h1, run: ip addr flush dev eth0 } ], file: { node: h1, path: /root/x }", "kind: config, file: { node: h1, path: /root/x, exists: false }", "kind: reach, from: h1, to: 10.0.2.2", "kind: neigh, node: h1, only: []"]);
    expect(all.map((o) => o.status)).toEqual(["pass", "pass", "pass", "pass"]);
  });
  test("what the learner left running goes on in the copy, and can be interrupted", () => {
    const ping = "h1& ping -i 0.5 10.0.1.3\n# wait: 2\n";
    passes("kind: capture, on: 'h1:eth0', filter: icmp, during: [ { idle: 3 } ], count: { min: 8 }", ping);
    passes("kind: capture, on: 'h1:eth0', filter: icmp, if: [ { interrupt: all } ], during: [ { idle: 3 } ], count: { max: 0 }", ping);
  });
  test("a command that does not exist is the lab's fault and not the learner's", () => {
    expect(outcome("kind: reach, from: h1, to: 10.0.1.3, if: [ { on: h1, run: nosuchtool } ]")).toMatchObject({ status: "error", because: expect.stringContaining("exit status 127") });
  });
});
