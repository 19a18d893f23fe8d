/** What the real sysctl said in a fresh namespace, line after line, against a kernel of ours. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../../src/base/bytes.ts";
import { err, ok } from "../../../src/base/result.ts";
import { LinuxKernel } from "../../../src/kernel/kernel.ts";
import { Simulation } from "../../../src/sim/simulation.ts";
import { sysctl } from "../../../src/userland/commands/sysctl.ts";
import type { Process, Run, Wait } from "../../../src/userland/process.ts";

interface Recorded {
  cmd: string;
  exit: number;
  stdout: string;
  stderr: string;
}
interface Golden {
  files: Record<string, string>;
  commands: Recorded[];
}
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../../golden/sysctl.json"), "utf8")) as Golden;

class Host {
  files: Record<string, string> = {};
  uid = 0;
  machine = { hostname: "h1" };
  private readonly kernel = new LinuxKernel(new Simulation(1), "h1");

  constructor() {
    this.kernel.initNetns.rtnl.linkSet(1, { up: true });
  }

  run(argv: readonly string[]): { exit: number; stdout: string; stderr: string } {
    const out = ["", "", ""];
    const write = function* (fd: number, data: string | Uint8Array): Run<undefined> {
      out[fd] += typeof data === "string" ? data : decodeUtf8(data);
      return undefined;
    };
    const { files } = this;
    const fs = {
      stat: (path: string) => (files[path] === undefined ? err("ENOENT") : ok({})),
      readFile: (_: Process, path: string) => (files[path] === undefined ? err("ENOENT") : ok(encodeUtf8(files[path]))),
      readdir: (dir: string) => ok(Object.keys(files).filter((f) => f.startsWith(`${dir}/`)).map((f) => f.slice(dir.length + 1)).sort()),
    };
    const proc = {
      uid: this.uid, cwd: "/root", netns: this.kernel.initNetns, machine: Object.assign(this.machine, { fs }), print: (d: string) => write(1, d), warn: (d: string) => write(2, d),
    } as unknown as Process;
    const body = sysctl.run(proc, argv.slice(1));
    for (;;) {
      const step: IteratorResult<Wait, number> = body.next("ready");
      if (step.done) return { exit: step.value, stdout: out[1]!, stderr: out[2]! };
    }
  }
}

const host = new Host();
for (const [name, text] of Object.entries(golden.files)) host.files[`/root/${name}`] = text;

test.each(golden.commands)("$cmd", ({ cmd, exit, stdout, stderr }) => {
  expect(host.run(cmd.split(" "))).toEqual({ exit, stdout, stderr });
});

test("a directory shows what is below it", () => {
  const { stdout, exit } = new Host().run(["sysctl", "net.ipv4.conf.lo"]);
  expect(exit).toBe(0);
  expect(stdout).toContain("net.ipv4.conf.lo.rp_filter = ");
  expect(stdout.split("\n").every((line) => line === "" || line.startsWith("net.ipv4.conf.lo."))).toBe(true);
});

test("a pattern in a file sets every parameter it matches but those named", () => {
  const h = new Host();
  h.files["/root/g.conf"] = "net.ipv4.conf.*.rp_filter = 1\n-net.ipv4.conf.lo.rp_filter\n";
  expect(h.run(["sysctl", "-p", "g.conf"]).stdout).toBe("net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.default.rp_filter = 1\n");
});

test("--system reads the files by name, and says which", () => {
  const h = new Host();
  h.files["/etc/sysctl.d/20-b.conf"] = "net.ipv4.ip_forward = 1\n";
  h.files["/usr/lib/sysctl.d/10-a.conf"] = "net.ipv4.ip_forward = 0\n";
  h.files["/usr/lib/sysctl.d/20-b.conf"] = "net.ipv4.ip_forward = 0\n";
  expect(h.run(["sysctl", "--system"]).stdout).toBe(
    "* Applying /usr/lib/sysctl.d/10-a.conf ...\n* Applying /etc/sysctl.d/20-b.conf ...\nnet.ipv4.ip_forward = 0\nnet.ipv4.ip_forward = 1\n",
  );
});

test("who is not root may read and not write", () => {
  const h = new Host();
  h.uid = 65534;
  expect(h.run(["sysctl", "-w", "net.ipv4.ip_forward=1"])).toEqual({ exit: 1, stdout: "", stderr: 'sysctl: permission denied on key "net.ipv4.ip_forward"\n' });
  expect(h.run(["sysctl", "net.ipv4.ip_forward"]).stdout).toBe("net.ipv4.ip_forward = 0\n");
});

test("kernel.hostname is the machine's", () => {
  const h = new Host();
  expect(h.run(["sysctl", "-w", "kernel.hostname=newname"]).stdout).toBe("kernel.hostname = newname\n");
  expect(h.machine.hostname).toBe("newname");
});
