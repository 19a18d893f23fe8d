/**
 * Real Linux talks with emulated Linux: a TAP device in a network namespace of this machine is the other end of an emulated cable.
 * Needs root, as the bridge itself does.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const cleanups: (() => void)[] = [];
let numbered = 0;

afterEach(() => {
  for (const c of cleanups.splice(0).reverse()) c();
});

function real(cmd: string, ...args: string[]): { status: number | null; out: string } {
  const r = spawnSync(cmd, args, { encoding: "utf8", timeout: 60_000 });
  return { status: r.status, out: r.stdout + r.stderr };
}

/** A namespace of this machine whose eth0 is the TAP device that h1's eth9 of the lab is joined to. */
class Joined {
  readonly netns: string;
  private readonly child: ChildProcess;
  private said = "";

  private constructor(netns: string, child: ChildProcess) {
    this.netns = netns;
    this.child = child;
    child.stdout!.on("data", (d: Buffer) => (this.said += d.toString()));
    child.stderr!.on("data", (d: Buffer) => (this.said += d.toString()));
  }

  /** @param lines run on the emulated machine first. */
  static async start(lines: readonly string[]): Promise<Joined> {
    if (process.getuid?.() !== 0) throw new Error("This test joins emulated machines to this one: run it as root (sudo npm test).");
    const tap = `pwt${process.pid % 10_000}x${numbered}`;
    const netns = `pw-interop-${process.pid}-${numbered++}`;
    const child = spawn(process.execPath, [MAIN, "bridge", "--attach", `h1:eth9=tap:${tap}`, "fig-lan"], { stdio: ["pipe", "pipe", "pipe"] });
    cleanups.push(() => void child.kill("SIGINT"));
    const joined = new Joined(netns, child);
    await joined.until(`h1:eth9 = ${tap}`);
    expect(real("ip", "netns", "add", netns)).toMatchObject({ status: 0 });
    cleanups.push(() => void real("ip", "netns", "del", netns));
    expect(real("ip", "link", "set", tap, "netns", netns, "name", "eth0")).toMatchObject({ status: 0 });
    for (const line of ["link set lo up", "link set eth0 up", "addr add 192.168.7.2/24 dev eth0"]) expect(real("ip", "-n", netns, ...line.split(" "))).toMatchObject({ status: 0 });
    for (const line of ["h1$ ip addr add 192.168.7.1/24 dev eth9; ip link set eth9 up; echo ready", ...lines]) child.stdin!.write(`${line}\n`);
    await joined.until("ready");
    return joined;
  }

  /** Runs a real program in the namespace. */
  run(cmd: string, ...args: string[]): { status: number | null; out: string } {
    return real("ip", "netns", "exec", this.netns, cmd, ...args);
  }

  async until(text: string): Promise<void> {
    for (let waited = 0; !this.said.includes(text); waited += 20) {
      if (waited > 30_000 || this.child.exitCode !== null) throw new Error(`no sign of '${text}':\n${this.said}`);
      await new Promise((r) => setTimeout(r, 20));
    }
  }

  type(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }
}

test("real ping and emulated ping answer each other, in fragments too, and both neighbour tables fill", async () => {
  const joined = await Joined.start([]);
  const ping = joined.run("ping", "-c", "3", "-i", "0.2", "-W", "5", "192.168.7.1");
  expect(ping.out).toContain("3 packets transmitted, 3 received, 0% packet loss");
  expect(joined.run("ping", "-c", "1", "-W", "5", "-s", "4000", "192.168.7.1").out).toContain("4008 bytes from 192.168.7.1");
  expect(joined.run("ip", "neigh", "show", "192.168.7.1").out).toMatch(/lladdr [0-9a-f:]{17} REACHABLE/);
  joined.type("h1$ ping -c 2 -i 0.2 -s 3000 192.168.7.2; ip neigh show 192.168.7.2; echo done-there");
  await joined.until("done-there");
  await joined.until("2 packets transmitted, 2 received, 0% packet loss");
});

test("real tcpdump and tshark find nothing malformed in what an emulated machine sends", async () => {
  const joined = await Joined.start([]);
  const dir = mkdtempSync(join(tmpdir(), "packetwalk-interop-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, "cap.pcap");
  const dump = spawn("ip", ["netns", "exec", joined.netns, "tcpdump", "-U", "-i", "eth0", "-w", file, "-Z", "root"], { stdio: ["ignore", "ignore", "pipe"] });
  await new Promise<void>((done) => dump.stderr.on("data", (d: Buffer) => d.toString().includes("listening on") && done()));
  joined.type("h1$ ping -c 2 -i 0.2 192.168.7.2; ping -c 1 -s 2000 192.168.7.2; ping -c 1 -W 1 192.168.7.9; traceroute -n -m 2 -q 1 -w 1 192.168.7.2; arping -c 2 -I eth9 192.168.7.2; echo done-there");
  await joined.until("done-there");
  const ended = new Promise((done) => dump.on("exit", done));
  dump.kill("SIGINT");
  await ended;
  expect(existsSync(file)).toBe(true);
  const frames = real("tshark", "-r", file, "-T", "fields", "-e", "frame.number").out.trim().split("\n").length;
  expect(frames).toBeGreaterThan(12);
  const bad = real("tshark", "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-Y", "_ws.malformed || ip.checksum.status == 0 || icmp.checksum.status == 0 || udp.checksum.status == 0");
  expect(bad.out.replace(/^Running as user.*\n/gm, "").trim()).toBe("");
});

test("the kernel's VXLAN and ours carry frames to each other, full-sized ones too", async () => {
  const joined = await Joined.start(["h1$ ip link add vx0 type vxlan id 42 dstport 4789 local 192.168.7.1 remote 192.168.7.2; ip addr add 10.42.0.1/24 dev vx0; ip link set vx0 up"]);
  for (const line of ["link add vx0 type vxlan id 42 dstport 4789 local 192.168.7.2 remote 192.168.7.1", "addr add 10.42.0.2/24 dev vx0", "link set vx0 up"]) expect(real("ip", "-n", joined.netns, ...line.split(" "))).toMatchObject({ status: 0, out: "" });
  expect(joined.run("ping", "-c", "2", "-i", "0.2", "-W", "5", "10.42.0.1").out).toContain("2 packets transmitted, 2 received, 0% packet loss");
  expect(joined.run("ping", "-c", "1", "-W", "5", "-M", "do", "-s", "1422", "10.42.0.1").out).toContain("1430 bytes from 10.42.0.1");
  joined.type("h1$ ping -c 2 -i 0.2 -M do -s 1422 10.42.0.2; bridge fdb show dev vx0; echo done-there");
  await joined.until("done-there");
  await joined.until("2 packets transmitted, 2 received, 0% packet loss");
  await joined.until("dst 192.168.7.2 self");
});

test("ten megabytes over TCP in each direction, between the kernel's and ours, arrive whole", async () => {
  const joined = await Joined.start(["h1$ nc -l -p 7000 | sha256sum &"]);
  const sent = new Uint8Array(10_000_000).map((_, i) => (i * 7 + (i >>> 8) * 31 + (i >>> 16)) & 255);
  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const client = spawn("ip", ["netns", "exec", joined.netns, process.execPath, "-e", 'process.stdin.pipe(require("net").connect(7000, "192.168.7.1"))'], { stdio: ["pipe", "ignore", "inherit"] });
  client.stdin.end(sent);
  await joined.until(digest(sent));

  const count = 1_000_000;
  const numbers = Buffer.from(Array.from({ length: count }, (_, i) => `${i + 1}\n`).join(""));
  const server = spawn("ip", ["netns", "exec", joined.netns, process.execPath, "-e", 'const h = require("crypto").createHash("sha256"); require("net").createServer((c) => c.on("data", (d) => h.update(d)).on("end", () => { console.log(h.digest("hex")); process.exit(); })).listen(7001, () => console.log("listening"))'], { stdio: ["ignore", "pipe", "inherit"] });
  let heard = "";
  server.stdout.on("data", (d: Buffer) => (heard += d.toString()));
  const ended = new Promise((done) => server.on("exit", done));
  while (!heard.includes("listening")) await new Promise((r) => setTimeout(r, 20));
  joined.type(`h1$ seq 1 ${count} | nc -N 192.168.7.2 7001`);
  await ended;
  expect(heard).toContain(digest(numbers));
});

test("real curl fetches from an emulated web server, and emulated curl from a real one", async () => {
  const joined = await Joined.start(["h1$ seq 1 1200000 > big; sha256sum big; python3 -m http.server 8000 &"]);
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
  const numbers = (n: number): string => Array.from({ length: n }, (_, i) => `${i + 1}\n`).join("");
  await joined.until(digest(numbers(1_200_000)));
  const got = joined.run("sh", "-c", "curl -sS --retry 20 --retry-connrefused --retry-delay 1 http://192.168.7.1:8000/big | sha256sum");
  expect(got.out).toContain(digest(numbers(1_200_000)));
  expect(joined.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "http://192.168.7.1:8000/nosuch").out).toBe("404");

  const dir = mkdtempSync(join(tmpdir(), "packetwalk-interop-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "big"), numbers(900_000));
  const server = spawn("ip", ["netns", "exec", joined.netns, "python3", "-u", "-m", "http.server", "8080", "--directory", dir], { stdio: ["ignore", "pipe", "ignore"] });
  cleanups.push(() => void server.kill("SIGKILL"));
  await new Promise<void>((done) => server.stdout.on("data", (d: Buffer) => d.toString().includes("Serving HTTP") && done()));
  joined.type("h1$ curl -s http://192.168.7.2:8080/big | sha256sum; curl -s -o /dev/null -w '%{http_code} there\\n' http://192.168.7.2:8080/nosuch");
  await joined.until(digest(numbers(900_000)));
  await joined.until("404 there");
});
