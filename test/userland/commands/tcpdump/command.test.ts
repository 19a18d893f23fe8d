import { describe, expect, test } from "vitest";
import { TwoHosts } from "../two-hosts.ts";

const VERBOSE = "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n";
const LISTENING = "listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n";
const without = (text: string): string => text.replaceAll(/^[0-9]{2}:[0-9:.]+ /gm, "").replaceAll(/id [0-9]+/g, "id N");
const stats = (captured: number, received: number): string => `${captured} packet${captured === 1 ? "" : "s"} captured\n${received} packet${received === 1 ? "" : "s"} received by filter\n0 packets dropped by kernel\n`;
const PING = [
  "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28",
  "ARP, Reply 10.0.0.2 is-at 02:00:00:00:02:01, length 28",
  "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id N, seq 1, length 64",
  "IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id N, seq 1, length 64",
];
const lines = (...l: string[]): string => l.map((x) => `${x}\n`).join("");

describe("a live capture", () => {
  test("prints each packet, and on ^C an empty line and the statistics", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -ni eth0");
    net.run("h1", "ping -c 1 10.0.0.2");
    const r = net.stop(c);
    expect(r).toEqual({ exit: 0, stdout: expect.any(String), stderr: `${VERBOSE}${LISTENING}${stats(4, 4)}` });
    expect(without(r.stdout)).toBe(`${lines(...PING)}\n`);
  });

  test("shows packets at once on a terminal, and when asked to with -l", () => {
    const net = new TwoHosts();
    const terminal = net.start("h1", "exec tcpdump -tni eth0 icmp", { tty: true });
    const lineByLine = net.start("h1", "exec tcpdump -ltni eth0 icmp");
    const blocks = net.start("h1", "exec tcpdump -tni eth0 icmp");
    net.run("h1", "ping -c 1 10.0.0.2");
    expect(without(terminal.stdout)).toBe(`${VERBOSE}${LISTENING}${lines(PING[2]!, PING[3]!)}`);
    expect(without(lineByLine.stdout)).toBe(lines(PING[2]!, PING[3]!));
    expect(blocks.stdout).toBe("");
  });

  test("ends after -c packets, counting as received what came in the same block", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -tni eth0 -c 1 icmp");
    net.run("h1", "ping -c 1 10.0.0.2");
    net.pass(1);
    expect(net.outcome(c)).toMatchObject({ exit: 0, stderr: `${VERBOSE}${LISTENING}${stats(1, 2)}` });
    expect(without(c.stdout)).toBe(lines(PING[2]!));
  });

  test("--immediate-mode does not wait for the block", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump --immediate-mode -tni eth0 -c 1 icmp");
    net.run("h1", "ping -c 1 10.0.0.2");
    expect(net.outcome(c)).toMatchObject({ exit: 0 });
    expect(c.stderr).toContain("1 packet captured\n");
  });

  test("shows a packet on lo once, though the socket has it twice", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -tni lo");
    net.run("h1", "ping -c 1 127.0.0.1");
    const r = net.stop(c);
    expect(without(r.stdout)).toBe(lines("IP 127.0.0.1 > 127.0.0.1: ICMP echo request, id N, seq 1, length 64", "IP 127.0.0.1 > 127.0.0.1: ICMP echo reply, id N, seq 1, length 64", ""));
    expect(r.stderr).toContain(stats(2, 4));
  });

  test("on any names device and direction", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -tni any icmp");
    net.run("h1", "ping -c 1 10.0.0.2; ping -c 1 127.0.0.1");
    const r = net.stop(c);
    expect(r.stderr).toBe(`tcpdump: data link type LINUX_SLL2\n${VERBOSE}listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes\n${stats(4, 6)}`);
    expect(without(r.stdout).split("\n").map((l) => l.slice(0, 12))).toEqual(["eth0  Out IP", "eth0  In  IP", "lo    In  IP", "lo    In  IP", "", ""]);
  });

  test.each([["in", [PING[3]!]], ["out", [PING[2]!]], ["inout", [PING[2]!, PING[3]!]]])("-Q %s", (direction, expected) => {
    const net = new TwoHosts();
    const c = net.start("h1", `exec tcpdump -tni eth0 -Q ${direction} icmp`);
    net.run("h1", "ping -c 1 10.0.0.2");
    expect(without(net.stop(c).stdout)).toBe(`${lines(...expected)}\n`);
  });

  test.each([["inbound", [PING[3]!]], ["outbound", [PING[2]!]]])("the filter `%s` asks the kernel for the direction", (filter, expected) => {
    const net = new TwoHosts();
    const c = net.start("h1", `exec tcpdump -tni eth0 icmp and ${filter}`);
    net.run("h1", "ping -c 1 10.0.0.2");
    const r = net.stop(c);
    expect(without(r.stdout)).toBe(`${lines(...expected)}\n`);
    expect(r.stderr).toContain(stats(1, 1));
  });

  test("makes its device promiscuous as long as it runs, unless -p forbids it", () => {
    const net = new TwoHosts();
    const promiscuity = (): string => /promiscuity ([0-9]+)/.exec(net.run("h1", "ip -d link show eth0").stdout)?.[1] ?? "";
    const c = net.start("h1", "exec tcpdump -ni eth0");
    net.pass(0.1);
    expect(promiscuity()).toBe("1");
    net.stop(c);
    expect(promiscuity()).toBe("0");
    net.start("h1", "exec tcpdump -p -ni eth0");
    net.pass(0.1);
    expect(promiscuity()).toBe("0");
  });

  test("hears what is for others: a veth has no address filter", () => {
    const net = new TwoHosts();
    net.run("h1", "ip neigh add 10.0.0.9 lladdr 02:00:00:00:09:09 dev eth0");
    const c = net.start("h2", "exec tcpdump -p -tni eth0 icmp");
    net.run("h1", "ping -c 1 -W 1 10.0.0.9");
    expect(net.stop(c).stderr).toContain(stats(1, 1));
  });

  test("-s cuts packets and tells the wire's length", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -tni eth0 -s 34 -c 1 icmp");
    net.run("h1", "ping -c 1 10.0.0.2");
    net.pass(1);
    expect(c.stdout).toBe("IP 10.0.0.1 > 10.0.0.2:  [|icmp]\n");
    expect(c.stderr).toContain("snapshot length 34 bytes\n");
  });

  test("goes on while its device is down, and ends when it is gone", () => {
    const net = new TwoHosts();
    net.run("h1", "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up");
    const c = net.start("h1", "exec tcpdump -ni v0");
    net.pass(1);
    net.run("h1", "ip link set v0 down");
    net.pass(2);
    expect(c.exit).toBeUndefined();
    net.run("h1", "ip link del v0");
    net.pass(1);
    expect(net.outcome(c)).toMatchObject({ exit: 1, stdout: "", stderr: expect.stringMatching(/bytes\ntcpdump: pcap_loop: The interface disappeared\n0 packets captured/) });
  });

  test("SIGUSR1 shows statistics and the capture goes on", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "tcpdump -ni eth0 icmp & sleep 2; kill -USR1 $!; sleep 1; kill $!; wait");
    net.pass(1);
    net.run("h1", "ping -c 1 10.0.0.2");
    net.pass(4);
    expect(c.stderr).toContain("tcpdump: 2 packets captured, 2 packets received by filter, 0 packets dropped by kernel\n2 packets captured\n");
  });

  test("names hosts and ports unless -n is given", () => {
    const net = new TwoHosts();
    net.run("h1", "echo 10.0.0.2 web.example web >> /etc/hosts");
    const c = net.start("h1", "exec tcpdump -ti eth0 udp");
    net.run("h1", "echo x | nc -u -w 1 10.0.0.2 53");
    expect(net.stop(c).stdout).toMatch(/^IP [^ ]+ > web\.example\.domain: /);
  });
});

describe("a capture file", () => {
  test("written by -w is read by -r, filtered, counted", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -i eth0 -w a.pcap");
    net.run("h1", "ping -c 1 10.0.0.2");
    expect(net.stop(c)).toEqual({ exit: 0, stdout: "", stderr: `tcpdump: ${LISTENING}${stats(4, 4)}` });
    const read = "reading from file a.pcap, link-type EN10MB (Ethernet), snapshot length 262144\n";
    expect(without(net.run("h1", "tcpdump -nr a.pcap").stdout)).toBe(lines(...PING));
    expect(net.run("h1", "tcpdump -nr a.pcap --count arp")).toEqual({ exit: 0, stdout: "2 packets\n", stderr: read });
    expect(net.run("h1", "tcpdump -nr a.pcap -c 1 -w b.pcap icmp; tcpdump -tnr b.pcap --count")).toMatchObject({ exit: 0, stdout: "1 packet\n" });
    expect(without(net.run("h1", "cat a.pcap | tcpdump -tnr - icmp").stdout)).toBe(lines(PING[2]!, PING[3]!));
  });

  test("is empty as long as everything fits into a block, unless -U writes each packet", () => {
    const net = new TwoHosts();
    net.start("h1", "exec tcpdump -i eth0 -w held.pcap");
    net.start("h1", "exec tcpdump -i eth0 -U -w now.pcap");
    net.run("h1", "ping -c 1 10.0.0.2");
    expect(net.run("h1", "tcpdump -nr held.pcap")).toMatchObject({ exit: 1, stderr: "tcpdump: truncated dump file; tried to read 4 file header bytes, only got 0\n" });
    expect(net.run("h1", "tcpdump -nr now.pcap --count")).toMatchObject({ exit: 0, stdout: "4 packets\n" });
  });

  test("can be a pipe, packet by packet", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "tcpdump -U -i eth0 -w - icmp | tcpdump -ltnr -");
    net.run("h1", "ping -c 1 10.0.0.2");
    expect(without(c.stdout)).toBe(lines(PING[2]!, PING[3]!));
  });

  test("with -v says each second how much there is", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -v -i eth0 -w a.pcap icmp");
    net.pass(2.5);
    net.run("h1", "ping -c 1 10.0.0.2");
    net.pass(1.5);
    expect(c.stderr).toBe(`tcpdump: ${LISTENING}Got 0\rGot 2\r`);
  });

  test("of the device any warns about names", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -i any -w a.pcap icmp");
    net.run("h1", "ping -c 1 10.0.0.2");
    net.stop(c);
    const r = net.run("h1", "tcpdump -tner a.pcap");
    expect(r.stderr).toBe("reading from file a.pcap, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144\nWarning: interface names might be incorrect\n");
    expect(without(r.stdout)).toContain("eth0  Out ifindex 2 02:00:00:00:01:01 ethertype IPv4 (0x0800), length 104: 10.0.0.1 > 10.0.0.2: ICMP echo request");
  });

  test("that is cut gives its whole packets and libpcap's error", () => {
    const net = new TwoHosts();
    const c = net.start("h1", "exec tcpdump -i eth0 -w a.pcap icmp");
    net.run("h1", "ping -c 2 -i 0.2 10.0.0.2");
    net.stop(c);
    const r = net.run("h1", "head -c 200 a.pcap > b.pcap; tcpdump -tnr b.pcap");
    expect(r).toMatchObject({ exit: 1, stderr: expect.stringMatching(/tcpdump: pcap_loop: truncated dump file; tried to read 98 captured bytes, only got 46\n$/) });
    expect(without(r.stdout)).toBe(lines(PING[2]!));
  });
});

/** As tcpdump 4.99.3 answers on a Debian 12 with eth0 up. */
const MISTAKES: readonly (readonly [string, string])[] = [
  ["-c 0", "invalid packet count 0"],
  ["-c x", "invalid packet count x"],
  ["-s -1", "invalid snaplen -1 (must be >= 0 and <= 262144)"],
  ["-s 300000", "invalid snaplen 300000 (must be >= 0 and <= 262144)"],
  ["-B 0", "invalid packet buffer size 0"],
  ["-tttttt", "only -t, -tt, -ttt, -tttt and -ttttt are supported"],
  ["-Q up", "unknown capture direction `up'"],
  ["-T foo", "unknown packet type `foo'"],
  ["-j foo", "invalid time stamp type foo"],
  ["-y foo", "invalid data link type foo"],
  ["-i eth0 -y RAW", "RAW is not one of the DLTs supported by this device"],
  ["-G -1", "invalid number of seconds -1"],
  ["-W 0", "invalid number of output files 0"],
  ["-C x", "invalid file size x"],
  ["--time-stamp-precision x", "unsupported time stamp precision"],
  ["-i eth5", "eth5: No such device exists\n(No such device exists)"],
  ["-i 0", "Invalid adapter index"],
  ["-i 99", "Invalid adapter index"],
  ["-I -i eth0", "eth0: That device doesn't support monitor mode"],
  ["-r none.pcap", "none.pcap: No such file or directory"],
  ["-r /etc/passwd", "unknown file format"],
  ["-r /", "error reading dump file: Is a directory"],
  ["-i eth0 -w /nodir/x -c 1", "/nodir/x: No such file or directory"],
  ["-i eth0 -w / -c 1", "/: Is a directory"],
  ["-i eth0 -F nofile", "can't open nofile: No such file or directory"],
  ["-i eth0 host", "can't parse filter expression: syntax error"],
  ["-i eth0 foo bar", "can't parse filter expression: syntax error"],
  ["-i eth0 port 99999", "illegal port number 99999 > 65535"],
  ["-i eth0 host nosuch", "unknown host 'nosuch'"],
];

describe("mistakes", () => {
  const net = new TwoHosts();
  test.each(MISTAKES)("tcpdump %s", (args, message) => expect(net.run("h1", `tcpdump ${args}`)).toEqual({ exit: 1, stdout: "", stderr: `tcpdump: ${message}\n` }));
  test("an unknown option shows the usage", () => expect(net.run("h1", "tcpdump --foo")).toMatchObject({ exit: 1, stderr: expect.stringMatching(/^tcpdump: unrecognized option '--foo'\ntcpdump version 4\.99\.3\n.*\n.*\nUsage: tcpdump \[-Abd/) }));
  test.each(["-d ip", "-C 1 -w x", "-G 5 -w x", "-T vxlan", "-V x", "-f", "-i nflog", "mpls", "-E x"])("%s is not emulated", (args) => expect(net.run("h1", `tcpdump ${args}`)).toMatchObject({ exit: 95, stdout: "", stderr: expect.stringMatching(/packetwalk: 'tcpdump .*' is not emulated\n$/) }));
  test("a device that is down", () => {
    const other = new TwoHosts();
    expect(other.run("h1", "ip link set eth0 down; tcpdump -i eth0")).toMatchObject({ exit: 1, stderr: "tcpdump: eth0: That device is not up\n" });
  });
});

test("-D lists devices with the most useful first", () => {
  const net = new TwoHosts();
  const rest = (n: number): string[] => ["bluetooth-monitor (Bluetooth Linux Monitor) [Wireless]", "nflog (Linux netfilter log (NFLOG) interface) [none]", "nfqueue (Linux netfilter queue (NFQUEUE) interface) [none]", "dbus-system (D-Bus system bus) [none]", "dbus-session (D-Bus session bus) [none]"].map((l, i) => `${n + i}.${l}`);
  const any = "any (Pseudo-device that captures on all interfaces) [Up, Running]";
  expect(net.run("h1", "tcpdump -D").stdout).toBe(lines("1.eth0 [Up, Running, Connected]", `2.${any}`, "3.lo [Up, Running, Loopback]", ...rest(4)));
  expect(net.run("h1", "ip link set eth0 down; tcpdump -D").stdout).toBe(lines(`1.${any}`, "2.lo [Up, Running, Loopback]", ...rest(3), "8.eth0 [none, Disconnected]"));
});
