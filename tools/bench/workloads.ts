/** The engine's workloads, as docs/performance.md describes them. Each returns one figure line; CPU seconds are user + system of this process. */
import { encodeUtf8 } from "../../src/base/bytes.ts";
import { CT_STATE } from "../../src/kernel/netfilter/types.ts";
import { LinuxKernel } from "../../src/kernel/kernel.ts";
import { Cable } from "../../src/sim/cable.ts";
import { CaptureArena } from "../../src/sim/capture.ts";
import { Simulation } from "../../src/sim/simulation.ts";
import type { NetDevice } from "../../src/kernel/netdev/device.ts";
import type { Ethernet } from "../../src/kernel/netdev/ethernet.ts";
import { maskOf } from "../../src/wire/ipv4.ts";

export interface Figure {
  bench: string;
  [key: string]: string | number;
}

const ip = (a: number, b: number, c: number, d: number): number => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;

/** CPU seconds since `from`. */
export function cpuSince(from: NodeJS.CpuUsage): number {
  const c = process.cpuUsage(from);
  return (c.user + c.system) / 1e6;
}

function lay(sim: Simulation, name: string, a: Ethernet, b: Ethernet, rate: number): void {
  const cable = new Cable(sim, { name, rate });
  a.attach(cable.a);
  b.attach(cable.b);
  a.setUp(true);
  b.setUp(true);
}

function mustAdd(r: { ok: boolean }): void {
  if (!r.ok) throw new Error(`set-up refused: ${JSON.stringify(r)}`);
}

function address(k: LinuxKernel, dev: NetDevice, local: number, prefixLen: number): void {
  mustAdd(k.initNetns.rtnl.addrAdd({ ifindex: dev.ifindex, local, prefixLen }, "add"));
}

/** iptables -A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT: every packet is looked up in the table of connections. */
function acceptKnown(node: LinuxKernel): void {
  const { nf } = node.initNetns;
  nf.batch(() => {
    const table = nf.addTable("ip", "filter");
    const forward = nf.addChain(table, "FORWARD", { type: "filter", hook: "forward", priority: 0 }, "accept");
    const state = { name: "conntrack", state: { bits: CT_STATE.NEW | CT_STATE.ESTABLISHED, inv: false } } as const;
    const r = nf.addRule(forward, { xt: { matches: [state], target: { name: "ACCEPT" }, counters: { packets: 0, bytes: 0 } }, text: () => "-A FORWARD" });
    return r.ok ? undefined : r.error;
  });
}

/** W1: host, k routers, host; n datagrams of 22 octets (64-octet frames), in bursts of 20. A hop is one node handling one packet. */
export function chain(k: number, n: number, capture: boolean, conntrack = false): Figure {
  const sim = new Simulation(1);
  if (capture) sim.capture = new CaptureArena();
  const nodes = Array.from({ length: k + 2 }, (_, i) => new LinuxKernel(sim, `n${i}`));
  for (let i = 0; i <= k; i++) {
    const a = nodes[i]!.addEthernet("right");
    const b = nodes[i + 1]!.addEthernet("left");
    lay(sim, `c${i}`, a, b, 10e9);
    address(nodes[i]!, a, ip(10, 0, i, 1), 24);
    address(nodes[i + 1]!, b, ip(10, 0, i, 2), 24);
  }
  for (const [i, node] of nodes.entries()) {
    const { rtnl, sysctl } = node.initNetns;
    sysctl.set("net.ipv4.ip_forward", "1");
    if (conntrack && i > 0 && i <= k) acceptKnown(node);
    if (i < k) mustAdd(rtnl.routeAdd({ dst: ip(10, 0, k, 0), dstLen: 24, nexthops: [{ via: ip(10, 0, i, 2) }] }, "add"));
    if (i > 1) mustAdd(rtnl.routeAdd({ dst: ip(10, 0, 0, 0), dstLen: 24, nexthops: [{ via: ip(10, 0, i - 1, 1) }] }, "add"));
  }
  const to = { addr: ip(10, 0, k, 2), port: 5000 };
  const receiver = nodes[k + 1]!.initNetns.udp();
  receiver.bind(0, to.port);
  const sender = nodes[0]!.initNetns.udp();
  const payload = new Uint8Array(22);
  const drain = (): number => {
    let got = 0;
    while (typeof receiver.recv() !== "string") got++;
    return got;
  };
  sender.send(payload, to); // resolves every neighbour
  sim.clock.runBefore(sim.clock.now + 1e9, 1e9);
  drain();
  const from = process.cpuUsage();
  let received = 0;
  for (let sent = 0; sent < n; ) {
    for (let i = 0; i < 20; i++, sent++) sender.send(payload, to);
    sim.clock.runBefore(sim.clock.now + 1e6, 1e9);
    received += drain();
  }
  const cpu = cpuSince(from);
  return { bench: capture ? "w1-capture" : conntrack ? "w1-conntrack" : "w1", k, sent: n, received, cpu_s: round(cpu), hops_per_cpu_s: Math.round((n * (k + 2)) / cpu) };
}

/** W2: one bridge, `hosts` hosts, each pings each other once, ARP included. A frame counts once per link it crosses. */
export function allPairs(hosts: number): Figure {
  const sim = new Simulation(1);
  let frames = 0;
  const from = process.cpuUsage();
  const sw = new LinuxKernel(sim, "sw");
  const br = sw.initNetns.rtnl.linkAdd({ kind: "bridge", name: "br0", bridge: { forwardDelay: 0 } });
  if (!br.ok) throw new Error("no bridge");
  sw.initNetns.rtnl.linkSet(br.value, { up: true });
  const kernels = Array.from({ length: hosts }, (_, i) => {
    const k = new LinuxKernel(sim, `h${i + 1}`);
    const dev = k.addEthernet("eth0");
    const port = sw.addEthernet(`p${i + 1}`);
    lay(sim, `c${i + 1}`, dev, port, 1e9);
    mustAdd(sw.initNetns.rtnl.linkSet(port.ifindex, { master: br.value }));
    address(k, dev, ip(10, 0, 0, i + 1), 24);
    return k;
  });
  sim.cableObserver = { frameSent: () => void frames++ };
  const sockets = kernels.map((k) => k.initNetns.raw(1));
  const echo = echoRequest();
  let replies = 0;
  for (let step = 1; step < hosts; step++) {
    for (const [i, s] of sockets.entries()) s.send(echo, ip(10, 0, 0, ((i + step) % hosts) + 1));
    sim.clock.runBefore(sim.clock.now + 10e6, 1e9);
    for (const s of sockets) {
      for (let r = s.recv(); typeof r !== "string"; r = s.recv()) if (r.data[20] === 0) replies++;
    }
  }
  const cpu = cpuSince(from);
  return { bench: "w2", hosts, replies, frames, cpu_s: round(cpu), frames_per_cpu_s: Math.round(frames / cpu) };
}

function echoRequest(): Uint8Array {
  const m = new Uint8Array(64);
  m[0] = 8;
  m.set(encodeUtf8("packetwalk"), 16);
  let sum = 0;
  for (let i = 0; i < m.length; i += 2) sum += (m[i]! << 8) | m[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  m[2] = (~sum >> 8) & 255;
  m[3] = ~sum & 255;
  return m;
}

/** W5: n nodes on one bridge, a /24 each, a route to every other node; memory is what the heap and buffers grew by, in MB. */
export function mesh(n: number): Figure {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const sim = new Simulation(1);
  const from = process.cpuUsage();
  const sw = new LinuxKernel(sim, "sw");
  const br = sw.initNetns.rtnl.linkAdd({ kind: "bridge", name: "br0", bridge: { forwardDelay: 0 } });
  if (!br.ok) throw new Error("no bridge");
  sw.initNetns.rtnl.linkSet(br.value, { up: true });
  const under = (i: number): number => (ip(172, 16, 0, 0) + i + 1) >>> 0;
  const kernels = Array.from({ length: n }, (_, i) => {
    const k = new LinuxKernel(sim, `n${i}`);
    const dev = k.addEthernet("eth0");
    const port = sw.addEthernet(`p${i}`);
    lay(sim, `c${i}`, dev, port, 10e9);
    mustAdd(sw.initNetns.rtnl.linkSet(port.ifindex, { master: br.value }));
    address(k, dev, under(i), 16);
    mustAdd(k.initNetns.rtnl.addrAdd({ ifindex: 1, local: (ip(10, 0, 0, 1) + (i << 8)) >>> 0, prefixLen: 32 }, "add"));
    return k;
  });
  let routes = 0;
  for (const [i, k] of kernels.entries()) {
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      mustAdd(k.initNetns.rtnl.routeAdd({ dst: ((ip(10, 0, 0, 0) + (j << 8)) & maskOf(24)) >>> 0, dstLen: 24, nexthops: [{ via: under(j) }] }, "add"));
      routes++;
    }
  }
  const build = cpuSince(from);
  globalThis.gc?.();
  const after = process.memoryUsage();
  const mb = (after.heapUsed + after.arrayBuffers + after.external - before.heapUsed - before.arrayBuffers - before.external) / 1e6;
  const pingFrom = process.hrtime.bigint();
  const s = kernels[0]!.initNetns.raw(1);
  s.send(echoRequest(), (ip(10, 0, 0, 1) + ((n - 1) << 8)) >>> 0);
  let replies = 0;
  for (let i = 0; i < 1000 && replies === 0; i++) {
    sim.clock.runBefore(sim.clock.now + 1e6, 1e9);
    for (let r = s.recv(); typeof r !== "string"; r = s.recv()) if (r.data[20] === 0) replies++;
  }
  const ping = Number(process.hrtime.bigint() - pingFrom) / 1e6;
  return { bench: "w5", n, routes, build_cpu_s: round(build), memory_mb: Math.round(mb), first_ping_ms: round(ping), replies };
}

/** W7: one connection through one router on 10 Gbit/s cables; `megabytes` of payload, read by the receiver. */
export function bulk(megabytes: number): Figure {
  const sim = new Simulation(1);
  const [a, r, b] = ["a", "r", "b"].map((n) => new LinuxKernel(sim, n)) as [LinuxKernel, LinuxKernel, LinuxKernel];
  const [ae, rl, rr, be] = [a.addEthernet("eth0"), r.addEthernet("left"), r.addEthernet("right"), b.addEthernet("eth0")];
  lay(sim, "c0", ae, rl, 10e9);
  lay(sim, "c1", rr, be, 10e9);
  address(a, ae, ip(10, 0, 0, 1), 24);
  address(r, rl, ip(10, 0, 0, 2), 24);
  address(r, rr, ip(10, 0, 1, 1), 24);
  address(b, be, ip(10, 0, 1, 2), 24);
  r.initNetns.sysctl.set("net.ipv4.ip_forward", "1");
  mustAdd(a.initNetns.rtnl.routeAdd({ dst: 0, dstLen: 0, nexthops: [{ via: ip(10, 0, 0, 2) }] }, "add"));
  mustAdd(b.initNetns.rtnl.routeAdd({ dst: 0, dstLen: 0, nexthops: [{ via: ip(10, 0, 1, 1) }] }, "add"));
  const listener = b.initNetns.tcp();
  listener.bind(0, 5001);
  listener.listen(1);
  const sender = a.initNetns.tcp();
  sender.connect(ip(10, 0, 1, 2), 5001);
  sim.clock.runBefore(sim.clock.now + 1e9, 1e9);
  const receiver = listener.accept();
  if (typeof receiver === "string") throw new Error(`no connection: ${receiver}`);
  const data = new Uint8Array(131_072).fill(0x5a);
  const octets = megabytes * 1e6;
  const from = process.cpuUsage();
  const start = sim.clock.now;
  let received = 0;
  while (received < octets) {
    for (let n = sender.send(data); typeof n === "number" && n > 0; n = sender.send(data));
    sim.clock.runBefore(sim.clock.now + 100_000, 1e9);
    for (let got = receiver.recv(1 << 20); typeof got !== "string"; got = receiver.recv(1 << 20)) received += got.length;
  }
  const cpu = cpuSince(from);
  return { bench: "w7", octets: received, segments: sender.info().segsOut, retransmitted: sender.info().totalRetrans, virtual_s: round((sim.clock.now - start) / 1e9), cpu_s: round(cpu), mb_per_cpu_s: Math.round(received / 1e6 / cpu) };
}

export function round(x: number): number {
  return Math.round(x * 10_000) / 10_000;
}
