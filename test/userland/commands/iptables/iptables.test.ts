/** What iptables 1.8.9 of Debian 12 printed for each command line (in a fresh namespace with a chain FOO in each table) is what ours prints. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../../src/sim/random.ts";
import { sh } from "../../machine.ts";
import { firewallMachine } from "../firewall.ts";

const RECORDED = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as { line: string; out: string[] }[];

const LISTINGS = `iptables -S; iptables -L INPUT -n | tail -n +3; iptables -L INPUT | tail -n +3; iptables -L FORWARD -n -v | tail -n +3; iptables -L OUTPUT -n -v | tail -n +3
for t in nat mangle raw; do iptables -t $t -S | grep ^-A; iptables -t $t -L -n | grep -v '^$\\|^Chain\\|^target'; done`;

describe("iptables", () => {
  it.each(RECORDED)("$line", ({ line, out }) => {
    const m = firewallMachine();
    const o = sh(m, `for t in filter nat mangle raw; do iptables -t $t -N FOO; done\niptables ${line} 2>&1; echo rc=$?\n${LISTINGS}`);
    expect(o.stdout.split("\n").filter((l) => !/^(-P|-N FOO|Chain|target|$)/.test(l))).toEqual(out);
  });

  it("reads back what it saves", () => {
    const rules = RECORDED.filter((r) => r.out.includes("rc=0") && /^(-t \w+ )?-A/.test(r.line)).map((r) => `iptables ${r.line}`);
    const m = firewallMachine();
    const o = sh(m, `for t in filter nat mangle raw; do iptables -t $t -N FOO; done\n${rules.join("\n")}\niptables-save > /tmp/a\niptables-restore < /tmp/a; echo rc=$?\niptables-save > /tmp/b\ngrep -v ^# /tmp/a > /tmp/c; grep -v ^# /tmp/b | cmp - /tmp/c && wc -l < /tmp/c`);
    expect(o.stderr).toBe("");
    expect(o.stdout).toMatch(/^rc=0\n1\d\d\n$/);
  });

  it("ends on words put together by chance", () => {
    const words = ["-A", "-D", "-I", "-t", "-j", "-m", "-p", "-s", "!", "--dport", "INPUT", "nat", "ACCEPT", "DNAT", "tcp", "1.2.3.4", "--to-destination", "80:90", "conntrack", "--ctstate", "NEW", "-L", "-n", "-S", "--", "", "-x", "--line-numbers", "'a b'", "-c", "1", "MARK", "--set-mark", "0xffffffffff", "-g", "set"];
    const random = new RandomStream(7, "argv");
    const m = firewallMachine();
    for (let i = 0; i < 400; i++) {
      const argv = Array.from({ length: 1 + random.below(7) }, () => words[random.below(words.length)] || "''");
      const o = sh(m, `iptables ${argv.join(" ")}`);
      expect([0, 1, 2, 3, 4, 95], argv.join(" ")).toContain(o.status);
    }
  });
});
