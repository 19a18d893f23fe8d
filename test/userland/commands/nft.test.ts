/** nft: what it lists can be read again; words by chance end it with a message; rules of iptables and of nft are one set of tables. */
import { expect, it } from "vitest";
import { RandomStream } from "../../../src/sim/random.ts";
import { sh } from "../machine.ts";
import { firewallMachine } from "./firewall.ts";

const RULES = `table inet f {
	set bad {
		type ipv4_addr
		flags interval
		elements = { 10.1.0.0/16, 10.2.0.1-10.2.0.9 }
	}

	chain other {
		counter packets 0 bytes 0 return
	}

	chain in {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state vmap { invalid : drop, established : accept, related : accept }
		ip saddr @bad counter packets 0 bytes 0 drop
		tcp dport { 22, 80, 8000-8100 } ct state new limit rate 5/second burst 10 packets accept
		meta mark & 0x000000ff == 0x00000001 meta mark set meta mark | 0x00000010
		icmp type echo-request jump other
		udp dport != 53 log prefix "dns? " reject with icmp admin-prohibited comment "no more"
	}
}
`;

it("reads what it lists", () => {
  const m = firewallMachine();
  const o = sh(m, `cat > /tmp/a <<'EOF'\n${RULES}EOF\nnft -f /tmp/a && nft list ruleset > /tmp/b && nft flush ruleset && nft -f /tmp/b && nft list ruleset`);
  expect([o.stderr, o.stdout]).toEqual(["", RULES]);
});

it("changes nothing when one line of a file is wrong", () => {
  const m = firewallMachine();
  const o = sh(m, "printf 'add table ip a\\nadd chain ip a c\\nadd rule ip a c jump nowhere\\n' | nft -f -; nft list ruleset");
  expect(o.stdout).toBe("");
  expect(o.stderr).toBe("/dev/stdin:3:22-28: Error: Could not process rule: No such file or directory\nadd rule ip a c jump nowhere\n                     ^^^^^^^\n");
});

it("shows rules of iptables", () => {
  const m = firewallMachine();
  expect(sh(m, "iptables -t nat -A POSTROUTING -s 10.0.0.0/8 ! -o eth0 -j MASQUERADE; nft list ruleset").stdout).toBe(
    'table ip nat {\n\tchain POSTROUTING {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t\toifname != "eth0" ip saddr 10.0.0.0/8 counter packets 0 bytes 0 masquerade\n\t}\n}\n',
  );
});

it("ends on words put together by chance", () => {
  const words = "add list delete flush table chain rule set map element ip inet t c { } ; type filter hook input priority 0 policy drop tcp dport 80 22-80 saddr 10.0.0.0/8 @s != vmap : accept counter limit rate / second ct state new , . meta mark & 0x1 == numgen inc mod 2 dnat to jump comment \"x $y handle 5 ruleset elements = ipv4_addr".split(" ");
  const random = new RandomStream(3, "nft");
  const m = firewallMachine();
  sh(m, "nft add table ip t; nft add chain ip t c; nft 'add set ip t s { type ipv4_addr; }'");
  for (let i = 0; i < 600; i++) {
    const text = `${["", "add rule ip t c ", "add ", "table ip t { "][random.below(4)]}${Array.from({ length: random.below(9) }, () => words[random.below(words.length)]).join(" ")}`;
    const o = sh(m, `nft '${text}'`);
    expect([0, 1, 95], text).toContain(o.status);
  }
});
