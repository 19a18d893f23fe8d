/** Named namespaces on a machine: who holds one, what a command in it sees, when it goes. */
import { expect, test } from "vitest";
import { decodeUtf8 } from "../../../../src/base/bytes.ts";
import { LinuxKernel } from "../../../../src/kernel/kernel.ts";
import { SECOND } from "../../../../src/sim/time.ts";
import { Simulation } from "../../../../src/sim/simulation.ts";
import { COMMANDS } from "../../../../src/userland/commands/index.ts";
import { NodeMachine } from "../../../../src/userland/machine.ts";
import { Capture } from "../../../../src/userland/pipe.ts";
import type { OpenFile } from "../../../../src/userland/process.ts";
import { statusOf } from "../../../../src/userland/process.ts";

class Host {
  private readonly sim = new Simulation(1);
  readonly kernel = new LinuxKernel(this.sim, "h1");
  readonly machine = new NodeMachine({ name: "h1", kernel: this.kernel, clock: this.sim.clock, commands: COMMANDS });

  advance(until: number): void {
    while (this.sim.clock.nextTime() <= until) this.sim.clock.step();
    this.sim.clock.runBefore(until, 0);
  }

  start(line: string): () => { status: number | undefined; out: string; err: string } {
    const [out, error] = [new Capture(1 << 16), new Capture(1 << 16)];
    const nothing = this.machine.fs.open(this.machine.processes.get(1)!, "/dev/null", { read: true, write: true });
    const proc = this.machine.sh(line, { fds: new Map<number, OpenFile>([...(nothing.ok ? [[0, nothing.value] as const] : []), [1, out], [2, error]]) });
    if (proc === "EAGAIN") throw new Error("no process");
    return () => ({ status: proc.exit && statusOf(proc.exit), out: decodeUtf8(out.bytes()), err: decodeUtf8(error.bytes()) });
  }

  sh(line: string): { status: number | undefined; out: string; err: string } {
    const result = this.start(line);
    this.advance(this.sim.clock.now + SECOND);
    return result();
  }
}

test("a namespace is made, listed newest first, and deleted", () => {
  const h = new Host();
  expect(h.sh("ip netns add red; ip netns add blue; ip netns list").out).toBe("blue\nred\n");
  expect(h.kernel.namespaces).toHaveLength(3);
  expect(h.sh("ip netns del red; ip netns").out).toBe("blue\n");
  expect(h.kernel.namespaces).toHaveLength(2);
});

test("the file of a name is a mount: rm cannot take it", () => {
  const h = new Host();
  h.sh("ip netns add red");
  expect(h.machine.fs.unlink("/run/netns/red")).toEqual({ ok: false, error: "EBUSY" });
  expect(h.sh("ip netns del red").status).toBe(0);
});

test("exec becomes the command, in the namespace", () => {
  const h = new Host();
  expect(h.sh("ip netns add red; ip netns exec red ip -br link").out).toBe("lo               DOWN           00:00:00:00:00:00 <LOOPBACK> \n");
  expect(h.sh("ip netns exec red sh -c 'ip netns identify'").out).toBe("red\n");
  expect(h.sh("ip netns exec red sh -c 'exit 7'").status).toBe(7);
  expect(h.sh("ip netns identify").out).toBe("\n");
});

test("pids lists who is in it, under the number the command had from the start", () => {
  const h = new Host();
  h.sh("ip netns add red");
  const inside = h.start("ip netns exec red sleep 100 & echo $!; wait");
  h.advance(2 * SECOND);
  const pid = inside().out.trim();
  expect(h.sh("ip netns pids red").out).toBe(`${pid}\n`);
  expect(h.sh(`ip netns identify ${pid}`).out).toBe("red\n");
});

test("a process keeps a namespace whose name is gone; with it the namespace goes", () => {
  const h = new Host();
  h.sh("ip netns add red");
  const inside = h.start("ip netns exec red sh -c 'sleep 5; ip -br link'");
  h.sh("ip netns del red");
  expect(h.kernel.namespaces).toHaveLength(2);
  h.advance(20 * SECOND);
  expect(inside().out).toBe("lo               DOWN           00:00:00:00:00:00 <LOOPBACK> \n");
  expect(h.kernel.namespaces).toHaveLength(1);
});

test("the veth of a deleted namespace goes with its peer", () => {
  const h = new Host();
  h.sh("ip netns add red; ip link add v0 type veth peer name v1 netns red");
  expect(h.sh("ip -br link show type veth").out).toMatch(/^v0@if/);
  h.sh("ip netns del red");
  expect(h.sh("ip -br link show type veth").out).toBe("");
});

test("attach gives a second name; the namespace lives as long as one is left", () => {
  const h = new Host();
  h.sh("ip netns add red");
  const inside = h.start("ip netns exec red sleep 100");
  h.advance(3 * SECOND);
  const pid = h.sh("ip netns pids red").out.trim();
  expect(h.sh(`ip netns attach pink ${pid}; ip netns del red; ip netns`).out).toBe("pink\n");
  expect(h.kernel.namespaces).toHaveLength(2);
  expect(inside().status).toBeUndefined();
});

test("numbers of namespaces: set, list-id, and the name at the other end of a link", () => {
  const h = new Host();
  h.sh("ip netns add red; ip netns set red 7; ip link add v0 type veth peer name v1 netns red");
  expect(h.sh("ip netns list-id").out).toBe("nsid 7 (iproute2 netns name: red)\n");
  expect(h.sh("ip netns").out).toBe("red (id: 7)\n");
  expect(h.sh("ip link show v0").out).toContain(" link-netns red\n");
  expect(h.sh("ip netns set red 8")).toMatchObject({ status: 2, err: "Error: Peer netns already has a nsid assigned.\n" });
});

test("-all runs a command in each, as a child", () => {
  const h = new Host();
  expect(h.sh("ip netns add red; ip netns add blue; ip -all netns exec sh -c 'ip netns identify'").out).toBe("\nnetns: blue\nblue\n\nnetns: red\nred\n");
  expect(h.sh("ip -all netns del; ip netns").out).toBe("");
});

test("files of /etc/netns would have to be mounted over /etc: refused", () => {
  const h = new Host();
  h.sh("ip netns add red; mkdir -p /etc/netns/red");
  h.machine.fs.mkdir("/etc/netns/red", { parents: true });
  expect(h.sh("ip netns exec red true")).toMatchObject({ status: 95, err: "packetwalk: '/etc/netns/red' is not emulated\n" });
});

test("a batch reads commands from a file, stops at the first that fails, and goes on with -force", () => {
  const h = new Host();
  h.machine.fs.writeFile("/root/b", new TextEncoder().encode("# a comment\nlink add d0 type dummy\n\naddr add 10.0.0.1/24 \\\n dev d0 # joined\nlink add d0 type dummy\nlink set 'd0' up\n"));
  expect(h.sh("ip -b b")).toMatchObject({ status: 1, err: "RTNETLINK answers: File exists\nCommand failed b:6\n" });
  expect(h.sh("ip -br addr show d0").out).toBe("d0               DOWN           10.0.0.1/24 \n");
  expect(h.sh("ip -force -b b").status).toBe(1);
  expect(h.sh("ip -br addr show d0").out).toBe("d0               UNKNOWN        10.0.0.1/24 \n");
  expect(h.sh("echo link del d0 | ip -b -").status).toBe(0);
  expect(h.sh("ip link show d0").status).toBe(1);
});
