/** TCP between two kernels: handshake, data, loss, closed windows, goodbyes. Times and values as Linux has them. */
import { expect, test } from "vitest";
import type { TcpSock } from "../../src/kernel/api.ts";
import { RandomStream } from "../../src/sim/random.ts";
import { MILLISECOND } from "../../src/sim/time.ts";
import { parseTcp, parseTcpOptions, TCP_FLAG } from "../../src/wire/tcp.ts";
import { ip, Lan, routed } from "./lan.ts";

/** h1 and h2 on one cable, 10.0.0.1 and 10.0.0.2. */
function pair(o: { delay?: number; rate?: number; lossPpm?: number; queue?: number } = {}, seed = 1): Lan {
  const lan = new Lan(seed);
  lan.cable("h1:eth0", "h2:eth0", o);
  return lan.address("h1", "eth0", "10.0.0.1/24").address("h2", "eth0", "10.0.0.2/24");
}

interface Seen {
  fromA: boolean;
  flags: string;
  seq: number;
  ack: number;
  win: number;
  options: string;
  length: number;
}

const LETTERS = [[TCP_FLAG.FIN, "F"], [TCP_FLAG.SYN, "S"], [TCP_FLAG.RST, "R"], [TCP_FLAG.PSH, "P"], [TCP_FLAG.ACK, "."]] as const;

/** What a capture of the first cable would show, numbers as they are. */
function segments(lan: Lan, cable = [...lan.cables.keys()][0]!): Seen[] {
  return lan.frames.filter((f) => f.cable === cable && f.bytes[12] === 8 && f.bytes[13] === 0 && f.bytes[23] === 6).map((f) => {
    const end = 14 + ((f.bytes[16]! << 8) | f.bytes[17]!);
    const at = 14 + (f.bytes[14]! & 15) * 4;
    const u32 = (i: number): number => ((f.bytes[i]! << 24) | (f.bytes[i + 1]! << 16) | (f.bytes[i + 2]! << 8) | f.bytes[i + 3]!) >>> 0;
    const r = parseTcp(f.bytes.subarray(at, end), { src: u32(26), dst: u32(30) });
    if (!r.ok) throw new Error(r.error.reason ?? JSON.stringify(r.error));
    const { header: h, payload } = r.value;
    const options = parseTcpOptions(h.options);
    return {
      fromA: f.fromA, flags: LETTERS.filter(([bit]) => (h.flags & bit) !== 0).map(([, c]) => c).join(""), seq: h.seq, ack: h.ack, win: h.window,
      options: options.ok ? options.value.map((x) => (x.kind === "mss" ? `mss ${x.value}` : x.kind === "wscale" ? `wscale ${x.shift}` : x.kind === "sack" ? `sack ${x.blocks.length}` : x.kind)).join(",") : "bad", length: payload.length,
    };
  });
}

function listen(lan: Lan, node: string, port: number, backlog = 16): TcpSock {
  const s = lan.node(node).initNetns.tcp();
  expect(s.bind(0, port, { reuseAddr: true })).toBeUndefined();
  expect(s.listen(backlog)).toBeUndefined();
  return s;
}

function dial(lan: Lan, node: string, to: string, port: number): TcpSock {
  const s = lan.node(node).initNetns.tcp();
  expect(s.connect(ip(to), port)).toBe("EINPROGRESS");
  return s;
}

function accepted(l: TcpSock): TcpSock {
  const c = l.accept();
  if (typeof c === "string") throw new Error(c);
  return c;
}

const octets = (n: number, seed = 1): Uint8Array => {
  const r = new RandomStream(seed, "octets");
  return Uint8Array.from({ length: n }, () => r.below(256));
};

test("handshake, data and goodbye are segment for segment those of Linux", () => {
  const lan = pair();
  const l = listen(lan, "h2", 7000, 1);
  const c = dial(lan, "h1", "10.0.0.2", 7000);
  lan.run(0.1);
  expect(c.state).toBe("ESTABLISHED");
  const s = accepted(l);
  expect(c.send(new TextEncoder().encode("hello\n"))).toBe(6);
  lan.run(0.001);
  c.shutdown("write");
  lan.run(0.001);
  expect(new TextDecoder().decode(s.recv(100) as Uint8Array)).toBe("hello\n");
  expect(s.recv(100)).toEqual(new Uint8Array(0));
  s.close();
  lan.run(0.1);
  expect(c.recv(10)).toEqual(new Uint8Array(0));
  c.close();
  lan.run(1);
  const seen = segments(lan);
  const [a, b] = [seen[0]!.seq, seen[1]!.seq];
  const rel = seen.map((x) => `${x.fromA ? ">" : "<"} ${x.flags} ${(x.seq - (x.fromA ? a : b)) >>> 0} ${x.flags === "S" ? x.ack : (x.ack - (x.fromA ? b : a)) >>> 0} win ${x.win} [${x.options}] ${x.length}`);
  expect(rel).toEqual([
    "> S 0 0 win 64240 [mss 1460,sackOK,timestamps,nop,wscale 7] 0",
    "< S. 0 1 win 65160 [mss 1460,sackOK,timestamps,nop,wscale 7] 0",
    "> . 1 1 win 502 [nop,nop,timestamps] 0",
    "> P. 1 1 win 502 [nop,nop,timestamps] 6",
    "< . 1 7 win 510 [nop,nop,timestamps] 0",
    "> F. 7 1 win 502 [nop,nop,timestamps] 0",
    "< F. 1 8 win 510 [nop,nop,timestamps] 0",
    "> . 8 2 win 502 [nop,nop,timestamps] 0",
  ]);
  const states = (node: string): string[] => lan.node(node).initNetns.socketList().map((x) => x.state);
  expect(states("h1")).toEqual(["TIME_WAIT"]);
  expect(states("h2")).toEqual(["LISTEN"]);
  lan.run(60);
  expect(states("h1")).toEqual([]);
});

test("ten million octets over a cable that loses one frame in fifty arrive as they were sent", () => {
  const lan = pair({ delay: 5 * MILLISECOND, rate: 100e6, lossPpm: 20_000 });
  lan.sim.cableObserver = undefined;
  const l = listen(lan, "h2", 5001);
  const c = dial(lan, "h1", "10.0.0.2", 5001);
  lan.run(10);
  const s = accepted(l);
  const data = octets(10_000_000);
  const got = new Uint8Array(data.length);
  let sent = 0;
  let received = 0;
  let closed = false;
  for (let i = 0; i < 200_000 && received < data.length; i++) {
    if (sent < data.length) {
      const n = c.send(data.subarray(sent, sent + 65536));
      if (typeof n === "number") sent += n;
    } else if (!closed) {
      c.shutdown("write");
      closed = true;
    }
    for (let r = s.recv(65536); typeof r !== "string" && r.length > 0; r = s.recv(65536)) {
      got.set(r, received);
      received += r.length;
    }
    lan.run(0.002);
  }
  expect(received).toBe(data.length);
  expect(Buffer.compare(got, data)).toBe(0);
  lan.run(5);
  expect(s.recv(1)).toEqual(new Uint8Array(0));
  expect(c.info().totalRetrans).toBeGreaterThan(50);
  // Repaired by SACK in the main, not by timeouts: 10 MB in some seconds.
  expect(lan.sim.clock.now / 1e9).toBeLessThan(120);
}, 60_000);

test("without loss a bulk transfer fills its cable", () => {
  const lan = pair({ delay: 1 * MILLISECOND, rate: 100e6 });
  lan.sim.cableObserver = undefined;
  const l = listen(lan, "h2", 5001);
  const c = dial(lan, "h1", "10.0.0.2", 5001);
  lan.run(1);
  const s = accepted(l);
  const data = octets(65536);
  let received = 0;
  const start = lan.sim.clock.now;
  for (let i = 0; i < 4000; i++) {
    while (typeof c.send(data) === "number") {}
    for (let r = s.recv(1 << 20); typeof r !== "string" && r.length > 0; r = s.recv(1 << 20)) received += r.length;
    lan.run(0.0005);
  }
  const mbit = (received * 8) / ((lan.sim.clock.now - start) / 1e9) / 1e6;
  expect(mbit).toBeGreaterThan(90);
  expect(c.info().totalRetrans / c.info().dataSegsOut).toBeLessThan(0.15);
}, 60_000);

test("a closed port answers with a reset", () => {
  const lan = pair();
  const c = dial(lan, "h1", "10.0.0.2", 81);
  lan.run(0.1);
  expect(c.takeError()).toBe("ECONNREFUSED");
  expect(segments(lan).map((x) => `${x.flags} ${x.win} ${x.options}`)).toEqual(["S 64240 mss 1460,sackOK,timestamps,nop,wscale 7", "R. 0 "]);
});

test("a SYN without answer is sent again after 1, 3, 7 ... s; a neighbour that does not answer ends it after 3", () => {
  const lan = pair();
  const c = dial(lan, "h1", "10.0.0.9", 80);
  lan.run(2.9);
  expect(c.takeError()).toBeUndefined();
  lan.run(1);
  expect(c.takeError()).toBe("EHOSTUNREACH");
  const far = routed();
  far.sysctl("h1", "net.ipv4.tcp_syn_retries", "3");
  const d = dial(far, "h1", "10.0.2.2", 80);
  far.run(0.5);
  expect(d.takeError()).toBe("ECONNREFUSED");
});

test("the accept queue holds one more than the backlog; who comes then is not answered", () => {
  const lan = pair();
  const l = listen(lan, "h2", 80, 1);
  const clients = [1, 2, 3].map(() => {
    const c = dial(lan, "h1", "10.0.0.2", 80);
    lan.run(0.1);
    return c;
  });
  expect(clients.map((c) => c.state)).toEqual(["ESTABLISHED", "ESTABLISHED", "SYN_SENT"]);
  l.accept();
  lan.run(1);
  expect(clients[2]!.state).toBe("ESTABLISHED");
  l.close();
  lan.run(0.1);
  expect(clients.map((c) => c.takeError())).toEqual([undefined, "ECONNRESET", "ECONNRESET"]);
});

test("a closed window is asked for again until the reader takes something", () => {
  const lan = pair();
  const l = listen(lan, "h2", 80);
  const c = dial(lan, "h1", "10.0.0.2", 80);
  lan.run(0.1);
  const s = accepted(l);
  const data = octets(400_000);
  let sent = 0;
  for (let i = 0; i < 200 && sent < data.length; i++) {
    const n = c.send(data.subarray(sent));
    if (typeof n === "number") sent += n;
    lan.run(0.01);
  }
  lan.run(2);
  expect(c.info().sndWnd).toBe(0);
  lan.run(3);
  expect(lan.node("h1").initNetns.socketList().find((x) => x.state === "ESTABLISHED")!.timer!.kind).toBe("persist");
  const got: number[] = [];
  for (let i = 0; i < 2000 && got.length < data.length; i++) {
    const r = s.recv(20_000);
    if (typeof r !== "string") for (const b of r) got.push(b);
    if (sent < data.length) {
      const n = c.send(data.subarray(sent));
      if (typeof n === "number") sent += n;
    }
    lan.run(0.01);
  }
  expect(got.length).toBe(data.length);
  expect(Buffer.compare(Uint8Array.from(got), data)).toBe(0);
}, 30_000);

test("a narrower path is learnt from ICMP, and what was too large goes out again in pieces", () => {
  const lan = routed();
  lan.node("r1").initNetns.rtnl.linkSet(lan.dev("r1", "eth1"), { mtu: 1200 });
  const l = listen(lan, "h2", 80);
  const c = dial(lan, "h1", "10.0.2.2", 80);
  lan.run(0.1);
  const s = accepted(l);
  c.send(octets(10_000));
  lan.run(1);
  expect((s.recv(20_000) as Uint8Array).length).toBe(10_000);
  expect(c.info()).toMatchObject({ pmtu: 1200, mss: 1148 });
});

test("both ends may open at once", () => {
  const lan = pair();
  const [a, b] = [lan.node("h1").initNetns.tcp(), lan.node("h2").initNetns.tcp()];
  lan.ping("h1", "10.0.0.2");
  a.bind(ip("10.0.0.1"), 4000);
  b.bind(ip("10.0.0.2"), 4000);
  a.connect(ip("10.0.0.2"), 4000);
  b.connect(ip("10.0.0.1"), 4000);
  lan.run(0.1);
  expect([a.state, b.state]).toEqual(["ESTABLISHED", "ESTABLISHED"]);
  a.send(octets(10));
  lan.run(0.1);
  expect((b.recv(100) as Uint8Array).length).toBe(10);
});

test("unread data makes a reset of close; a connection without peer is given up", () => {
  const lan = pair();
  const l = listen(lan, "h2", 80);
  const c = dial(lan, "h1", "10.0.0.2", 80);
  lan.run(0.1);
  const s = accepted(l);
  c.send(octets(10));
  lan.run(0.1);
  s.close();
  lan.run(0.1);
  expect(c.recv(1)).toBe("ECONNRESET");
  const d = dial(lan, "h1", "10.0.0.2", 80);
  lan.run(0.1);
  [...lan.cables.values()][0]!.setConnected(false);
  lan.sysctl("h1", "net.ipv4.tcp_retries2", "3");
  d.send(octets(10));
  lan.run(30);
  expect(["ETIMEDOUT", "EHOSTUNREACH"]).toContain(d.takeError());
});
