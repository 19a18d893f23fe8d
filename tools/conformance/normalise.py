#!/usr/bin/env python3
"""Mask what is volatile in a transcript, so that two recordings (or a recording and the emulator) compare.

    normalise.py CASE.json                     print the case with every stdout/stderr normalised
    normalise.py --diff GOLDEN.json ACTUAL.json  compare step by step; exit 1 when they differ
    normalise.py --score GOLDEN_DIR ACTUAL_DIR   cases and telling steps that agree, per area
    normalise.py --rules                       print the substitution table as JSON (for ports to other languages)
    normalise.py --typescript                  print it as src/lab/conformance/rules.ts
    normalise.py --digests DIR                 print the SHA-256 of each normalised case below DIR and of the table
    normalise.py --self-test

The golden file and the actual file go through exactly the same function. What no rule names must match
byte for byte. README.md explains each rule.
"""
import glob, hashlib, json, os, re, sys

# name, command pattern ("" = always), pattern, replacement.  Applied in this order, line by line (re.M).
# Only plain regular expressions that mean the same in Python and ECMAScript are used here.
RULES = [
    # --- ping, arping, traceroute, tracepath
    ["ping-time", r"\b(ping[46]?|arping)\b", r"time=\d+(\.\d+)? ms", "time=<t> ms"],
    ["ping-total", r"\bping[46]?\b", r", time \d+ms$", ", time <t>ms"],
    ["ping-rtt", r"\bping[46]?\b", r"^rtt min/avg/max/mdev = [\d./]+ ms.*$", "rtt min/avg/max/mdev = <t>/<t>/<t>/<t> ms"],
    ["ping-pipe", r"\bping[46]?\b", r"^pipe \d+$", ""],
    ["ping-quit", r"\bping[46]?\b", r"min/avg/ewma/max = [\d./]+ ms", "min/avg/ewma/max = <t>/<t>/<t>/<t> ms"],
    ["ping-stamp", r"\bping[46]?\b", r"^\[\d+\.\d+\] ", "[<time>] "],
    ["arping-time", r"\barping\b", r"\]  \d+\.\d+ms", "]  <t>ms"],
    ["trace-time", r"\b(traceroute|mtr)\b", r"\b\d+\.\d+ ms", "<t> ms"],
    ["tracepath-time", r"\btracepath\b", r" +\d+\.\d+ms", " <t>ms"],
    # --- curl and HTTP
    ["curl-ms", r"\bcurl\b", r"after \d+ (ms|milliseconds)", "after <t> \\1"],
    ["http-dates", r"\bcurl\b", r"^(< )?(Date|Last-Modified|Expires|ETag): [^\r\n]*", "\\1\\2: <volatile>"],
    ["nginx-stamp", r"\bnginx\b", r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(\w+)\] \d+#\d+: ", "<date> [\\1] <pid>: "],
    # --- tcpdump
    ["dump-stamp-date", r"\btcpdump\b", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} ", "<date> <time> "],
    ["dump-stamp-delta", r"\btcpdump\b", r"^ (\d\d:\d\d:\d\d)\.\d{6} ", " \\1 "],
    ["dump-stamp", r"\btcpdump\b", r"^\d\d:\d\d:\d\d\.\d{6} ", "<time> "],
    ["dump-filter-count", r"\btcpdump\b", r"^\d+ packets? received by filter$", "<n> packets received by filter"],
    ["dump-syn", r"\btcpdump\b", r"(Flags \[S\.?[A-Z]*\],) seq \d+,( ack \d+,)?", "\\1 seq <seq>,\\2"],
    ["dump-synack", r"\btcpdump\b", r"(Flags \[S\.[A-Z]*\], seq <seq>,) ack \d+,", "\\1 ack <ack>,"],
    ["dump-abs-range", r"\btcpdump\b", r"\bseq \d{7,}:\d+,", "seq <seq>:<seq>,"],
    ["dump-abs-seq", r"\btcpdump\b", r"\b(seq|ack) \d{7,}", "\\1 <\\1>"],
    ["dump-win", r"\btcpdump\b", r"\bwin [1-9]\d*", "win <win>"],
    ["dump-wscale", r"\btcpdump\b", r"\bwscale \d+", "wscale <n>"],
    ["dump-ts", r"\btcpdump\b", r"TS val \d+ ecr (0\b)?\d*", "TS val <ts> ecr <ts>"],
    ["dump-cksum", r"\btcpdump\b", r"cksum 0x[0-9a-f]{4} \([^)]*\)", "cksum <cksum>"],
    ["dump-udpsum", r"\btcpdump\b", r"\[(udp sum ok|bad udp cksum 0x[0-9a-f]+ -> 0x[0-9a-f]+!|no cksum|udp cksum[^\]]*)\] ?", ""],
    ["dump-flowlabel", r"\btcpdump\b", r"flowlabel 0x[0-9a-f]+", "flowlabel <label>"],
    ["dump-frag6", r"\btcpdump\b", r"frag \(0x[0-9a-f]+:", "frag (<id>:"],
    ["dump-xid", r"\btcpdump\b", r"xid 0x[0-9a-f]+(, secs \d+)?", "xid <xid>"],
    ["dump-reading", r"\btcpdump\b", r"^(dropped privs to .*)$", "<privs>"],
    # --- iproute2
    ["ip-index", r"\b(ip|bridge)\b", r"^\d+: ", "<n>: "],
    ["bridge-peer-quirk", r"\bbridge\b.*\blink\b", r"^<n>: ([^@: ]+)@[^: ]+: ", "<n>: \\1: "],
    ["ip-peer-br", r"\bip\b.* -br", r"@if\d+ +", "@if<n> "],
    ["ip-peer", r"\b(ip|bridge)\b", r"@if\d+", "@if<n>"],
    ["ip-netnsid", r"\b(ip|bridge)\b", r"link-netnsid \d+", "link-netnsid <n>"],
    ["ip-json-index", r"\b(ip|bridge)\b", r'"(ifindex|link_index|link_netnsid)":( ?)\d+', '"\\1":\\2<n>'],
    ["ip-queues", r"\bip\b", r"numtxqueues \d+ numrxqueues \d+( [gt]so_[a-z0-9_]+ \d+| gro_[a-z0-9_]+ \d+)* ?$", "<queues>"],
    ["ip-timers", r"\bip\b", r"(hello_timer|tcn_timer|topology_change_timer|gc_timer|hold_timer|message_age_timer|forward_delay_timer) +\d+\.\d+", "\\1 <t>"],
    ["ip-expires", r"\bip\b", r"expires \d+sec", "expires <t>sec"],
    ["ip-lft", r"\bip\b", r"(valid_lft|preferred_lft) \d+sec", "\\1 <t>sec"],
    ["ip-used", r"\b(ip|bridge)\b", r"\bused \d+/\d+(/\d+)?( probes \d+)?", "used <t>"],
    ["nud-delay", r"\bip\b.*\bn(eigh|eighbour|)\b", r"\b(DELAY|PROBE)\b", "DELAY"],
    # --- sockets
    ["ss-pid", r"\b(ss|netstat)\b", r"pid=\d+,fd=\d+", "pid=<pid>,fd=<fd>"],
    ["netstat-pid", r"\bnetstat\b", r"\b\d+/([a-z][\w.-]*)", "<pid>/\\1"],
    ["ss-space", r"\b(ss|netstat)\b", r" +", " "],
    ["ss-glue", r"\bss\b", r"Port ?Process ?$", "Port Process"],
    ["ss-trail", r"\b(ss|netstat)\b", r" +$", ""],
    # --- netfilter
    ["ct-timeout", r"\bconntrack\b", r"\b(tcp +6|udp +17|icmp +1|icmpv6 +58|unknown +\d+) \d+ ", "\\1 <t> "],
    ["ct-version", r"\bconntrack\b", r"^conntrack v\S+ ", "conntrack <version> "],
    ["ipt-version", r"\b(iptables|ip6tables)", r"^((ip6?tables)(-restore|-save)?) v\d\S*", "\\1 <version>"],
    ["ipt-date", r"\bip6?tables", r"^# (Generated by|Completed on).*$", "# \\1 <version and date>"],
    ["nft-process", r"\bnft\b", r"by process \d+ ", "by process <pid> "],
    # --- names
    ["dig-banner", r"\bdig\b", r"^; <<>> DiG \S+ <<>>", "; <<>> DiG <version> <<>>"],
    ["dig-id", r"\bdig\b", r", id: \d+$", ", id: <id>"],
    ["dig-time", r"\bdig\b", r"^;; Query time: \d+ msec$", ";; Query time: <t> msec"],
    ["dig-when", r"\bdig\b", r"^;; WHEN: .*$", ";; WHEN: <date>"],
    ["dig-cookie", r"\bdig\b", r"^; COOKIE: .*$", "; COOKIE: <cookie>"],
    # --- DHCP
    ["dhclient-interval", r"\bdhclient\b", r"interval \d+$", "interval <t>"],
    ["dhclient-renewal", r"\bdhclient\b", r"renewal in \d+ seconds", "renewal in <t> seconds"],
    # --- shells
    ["job-pid", r"\bbash\b", r"^\[(\d+)\] \d+$", "[\\1] <pid>"],
    ["job-killed", r"\bbash\b", r"(: line \d+:) +\d+ (Killed|Terminated|Interrupt|Hangup|Quit|Aborted|Alarm clock) ", "\\1 <pid> \\2 "],
    # --- BIRD
    ["bird-stamp", r"\bbirdc?\b", r"\b(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3}\b", "<time>"],
    ["bird-timer", r"\bbirdc\b", r"^( +(Hold|Keepalive|Send hold|Connect retry|Start delay|Error wait|Hello|Wait|Dead) (timer|delay|wait):? +)[\d.]+(/[\d.]+)?", "\\1<t>"],
    ["bird-connect", r"\bbirdc\b", r"^( +(Connect|Error|Connect retry|Start) (delay|wait): +)[\d.]+/[\d.]+", "\\1<t>"],
    ["bird-version", r"\bbirdc?\b", r"^BIRD (v?\d\S*)( ready\.)?$", "BIRD <version>\\2"],
    ["bird-ospf-dead", r"\bbirdc\b.*neighbors", r"\b\d+\.\d{3}\b", "<t>"],
    ["bird-rip-timer", r"\bbirdc show rip", r"\b\d+\.\d{3}$", "<t>"],
    # --- FRR
    ["frr-clock", r"\bvtysh\b", r"\b\d\d:\d\d:\d\d\b", "<uptime>"],
    ["frr-mem", r"\bvtysh\b", r"using \d+(\.\d+)? (bytes|KiB|MiB) of memory", "using <mem> of memory"],
    ["frr-date", r"\bvtysh\b", r"^(Last update|Last reset).*$", "\\1 <t>"],
    ["frr-summary", r"\bvtysh\b.*summary", r"^(\S+ +4 +\d+) +\d+ +\d+ +(\d+ +\d+ +\d+)", "\\1 <rcvd> <sent> \\2"],
    ["frr-update", r"\bvtysh\b", r"Last update: .*$", "Last update: <date>"],
    ["frr-ospf-dead", r"\bvtysh\b.*ospf neighbor", r"\b\d+m?\d*\.?\d*s +(?=\d+\.\d+)", "<t> "],
    ["frr-ospf-up", r"\bvtysh\b.*ospf neighbor", r" (\d+m\d+s|\d+\.\d{3}s)", " <t>"],
    ["frr-ospf-hello", r"\bvtysh\b", r"Hello due in \d+\.\d+s", "Hello due in <t>s"],
    ["frr-ospf-lsa", r"\bvtysh\b.*database", r"^(\S+ +\S+) +\d+ 0x[0-9a-f]+ 0x[0-9a-f]+", "\\1 <age> <seq> <sum>"],
    ["frr-rip-time", r"\bvtysh\b.* rip", r" \d\d:\d\d$", " <t>"],
    ["frr-rip-due", r"\bvtysh\b.* rip", r"due in -?\d+ seconds", "due in <t> seconds"],
    ["frr-nhid", r"\b(ip|vtysh)\b", r"\bnhid \d+ ((via \S+ dev \S+ )?proto (bgp|ospf|rip|static|zebra))", "nhid <id> \\1"],
    ["frr-version", r"\bvtysh\b", r"^frr version .*$", "frr version <version>"],
    # --- Open vSwitch
    ["ovs-uuid", r"\bovs-", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"],
    ["ovs-version", r"\bovs-", r'ovs_version: "[^"]*"', 'ovs_version: "<version>"'],
    ["ovs-fdb-age", r"\bovs-appctl\b.*fdb", r"^( +\S+ +\d+ +[0-9a-f:]{17}) +\d+$", "\\1 <age>"],
    ["ovs-flow", r"\bovs-", r"(duration|n_packets|n_bytes|idle_age|used|hard_age)=[\d.]+s?", "\\1=<n>"],
    # --- WireGuard
    ["wg-handshake", r"\bwg\b", r"latest handshake: .*$", "latest handshake: <when>"],
    ["wg-transfer", r"\bwg\b", r"transfer: .*$", "transfer: <bytes>"],
    # --- IPVS
    ["ipvs-expire", r"\bipvsadm\b", r"^(TCP|UDP|ICMP|IP) +\d\d:\d\d ", "\\1 <t> "],
    ["ipvs-version", r"\bipvsadm\b", r"^IP Virtual Server version \S+ \(size=\d+\)", "IP Virtual Server version <version>"],
    ["ipset-init", r"\bipset\b", r"initval 0x[0-9a-f]+", "initval <n>"],
    ["ipset-mem", r"\bipset\b", r"^Size in memory: \d+$", "Size in memory: <n>"],
    ["tc-handle", r"\btc\b", r"^(qdisc \S+) 8[0-9a-f]{3}: ", "\\1 <handle>: "],
    # --- bonding
    ["bond-version", r"proc/net/bonding", r"^Ethernet Channel Bonding Driver: .*$", "Ethernet Channel Bonding Driver: <version>"],
    ["bond-noise", r"proc/net/bonding", r"^(\s*)(Actor Churned Count|Partner Churned Count|Link Failure Count|Actor Churn State|Partner Churn State|Churn.*): .*$", "\\1\\2: <n>"],
]
_RULES = [(n, re.compile(c) if c else None, re.compile(p, re.M), r) for n, c, p, r in RULES]

# listings whose order comes out of a hash table
UNORDERED = re.compile(
    r"\bbridge\b.*\bfdb\b|\bconntrack -[LD]|\bss\b|\bnetstat -[a-z]*[tul]|\bip\b.*\bn(eigh|eighbour)\b|^arp -a?n|"
    r"\bip netns( list)?$|\bbirdc show route\b|\bovs-appctl fdb/show|\bovs-vsctl show|\bipset list|\bcat /proc/net/arp")

MAC = re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.I)
BRIDGE_ID = re.compile(r"\b[0-9a-f]{4}\.((?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}|[0-9a-f]{12})\b")
LL6 = re.compile(r"\bfe80::[0-9a-f:]+")
WELL_KNOWN = re.compile(r"^(00:00:00:00:00:00|ff:ff:ff:ff:ff:ff|01:00:5e:|33:33:|01:80:c2:|00:00:5e:00:0[12]:|01:00:0c:)")
EPHEMERAL = (32768, 60999)
FIXED_HIGH = range(33434, 33535)      # traceroute's destination ports


class Names:
    """same value -> same placeholder, numbered by first appearance within one output"""
    def __init__(self, kind):
        self.kind, self.seen = kind, {}

    def __call__(self, value):
        if value not in self.seen:
            self.seen[value] = f"<{self.kind}{len(self.seen) + 1}>"
        return self.seen[value]


def known_macs(case):
    text = json.dumps([case.get("links"), [s.get("cmd") for s in case["steps"]],
                       [n.get("files") for n in case["nodes"].values()]])
    return {m.lower() for m in MAC.findall(text)}


def eui64(mac):
    b = [int(x, 16) for x in mac.split(":")]
    b = [b[0] ^ 2, b[1], b[2], 0xFF, 0xFE, b[3], b[4], b[5]]
    g = [f"{b[i] << 8 | b[i + 1]:x}" for i in range(0, 8, 2)]
    s = "fe80::" + ":".join(g)
    return re.sub(r"^fe80::(0:)+", "fe80::", s)


def mask_macs(text, macs):
    names, ids = Names("mac"), Names("bridge-id")

    def mac(m):
        v = m[0].lower()
        return m[0] if v in macs or WELL_KNOWN.match(v) else names(v)

    def bid(m):
        v = m[1]
        v = ":".join(f"{int(x, 16):02x}" for x in v.split(":")) if ":" in v else ":".join(v[i:i + 2] for i in range(0, 12, 2))
        return m[0] if v in macs or WELL_KNOWN.match(v) else ids(m[0])
    lls, ok = Names("ll"), {eui64(m) for m in macs}
    text = BRIDGE_ID.sub(bid, text)
    text = MAC.sub(mac, text)
    return LL6.sub(lambda m: m[0] if m[0] in ok or m[0] in ("fe80::",) else lls(m[0]), text)


def mask_numbered(cmd, text):
    port, ident, ipid = Names("port"), Names("icmp-id"), Names("ip-id")

    def eph(m):
        n = int(m[2])
        return m[0] if not EPHEMERAL[0] <= n <= EPHEMERAL[1] or n in FIXED_HIGH else m[1] + port(n)
    if re.search(r"\btcpdump\b", cmd):
        text = re.sub(r"(\(tos 0x[0-9a-f]+(?:,[A-Z0-9() ]+)?, ttl \d+, id )(\d+),",
                      lambda m: m[0] if m[2] == "0" else m[1] + ipid(m[2]) + ",", text)
        text = re.sub(r"(ICMP6?,? echo (?:request|reply), id )(\d+)", lambda m: m[1] + ident(m[2]), text)
        text = re.sub(r"(\b\d+\.\d+\.\d+\.\d+\.)(\d+)\b(?=[ :,]|$)", eph, text)
        text = re.sub(r"((?:[0-9a-f]{0,4}:){2,}[0-9a-f]{0,4}\.)(\d+)\b(?=[ :,]|$)", eph, text, flags=re.M)
        text = mask_hexdump(text)
        dns = Names("dns-id")
        text = re.sub(r"(\.53: |\.53 > \S+: )(\d+)([+*\- ])", lambda m: m[1] + dns(m[2]) + m[3], text)
    if re.search(r"\bconntrack\b", cmd):
        text = re.sub(r"(\b[sd]port=)(\d+)", eph, text)
        text = re.sub(r"(\bid=)(\d+)", lambda m: m[1] + ident(m[2]), text)
    if re.search(r"\b(ss|netstat|nc|ipvsadm)\b", cmd):
        text = re.sub(r"(\d:|\]:|\d )(\d{5})\b", eph, text)
    return text


HEX = re.compile(r"^\t0x([0-9a-f]{4}):  ((?:[0-9a-f]{2,4} ?)+?)(?:  (.*))?$")


def mask_hexdump(text):
    """IPv4 id and checksum, ICMP checksum and id, TCP seq/ack/checksum, UDP checksum become '..' in a dump."""
    out, block, start = [], [], 0

    def flush():
        if not block:
            return
        data = bytes.fromhex("".join(re.sub(r"\s", "", b[0]) for b in block))
        off = 14 if len(data) > 34 and data[12:14] == b"\x08\x00" and data[14] >> 4 == 4 else 0
        hide = set()
        if len(data) >= off + 20 and data[off] >> 4 == 4:
            ihl, proto = (data[off] & 15) * 4, data[off + 9]
            hide |= {off + 4, off + 5, off + 10, off + 11} if data[off + 4:off + 6] != b"\0\0" else {off + 10, off + 11}
            p = off + ihl
            if proto == 1:
                hide |= {p + 2, p + 3, p + 4, p + 5}
            elif proto == 6:
                hide |= set(range(p + 4, p + 12)) | {p + 14, p + 15, p + 16, p + 17}
            elif proto == 17:
                hide |= {p + 6, p + 7}
        pos = 0
        for words, asc, addr in block:
            n = len(re.sub(r"\s", "", words)) // 2
            hx = [".." if pos + i in hide else f"{data[pos + i]:02x}" for i in range(n)]
            line = f"\t0x{addr}:  " + " ".join("".join(hx[i:i + 2]) for i in range(0, n, 2))
            if asc is not None:
                line += "  " + "".join("." if pos + i in hide else c for i, c in enumerate(asc[:n]))
            out.append(line)
            pos += n
        block.clear()
    for line in text.split("\n"):
        m = HEX.match(line)
        if m:
            if m[1] == "0000":
                flush()
            block.append((m[2].rstrip(), m[3], m[1]))
        else:
            flush()
            out.append(line)
    flush()
    return "\n".join(out)


def normalise_text(case, cmd, text, macs=None, unordered=False):
    if not text:
        return text
    macs = known_macs(case) if macs is None else macs
    for _, when, pat, rep in _RULES:
        if when is None or when.search(cmd):
            text = pat.sub(rep, text)
    if unordered:      # sort before numbering, by what each line looks like on its own
        lines = sorted(text.splitlines(), key=lambda x: (mask_macs(mask_numbered(cmd, x), macs), x))
        text = "".join(x + "\n" for x in lines)
    return mask_macs(mask_numbered(cmd, text), macs)


def commands(case):
    return {s["start"]: s["cmd"] for s in case["steps"] if "start" in s}


def normalise_case(case):
    c = json.loads(json.dumps(case))
    macs, bg = known_macs(c), commands(c)
    for s in c["steps"]:
        if "exit" not in s:
            continue
        cmd = bg.get(s["stop"], "") if "stop" in s else s["cmd"]
        how = s.get("match") or ("unordered" if UNORDERED.search(cmd) else "exact")
        for k in ("stdout", "stderr"):
            s[k] = normalise_text(c, cmd, s[k], macs, how == "unordered")
        if how == "exit":
            s["stdout"] = s["stderr"] = ""
    return c


def compare(golden, actual):
    """yields (index, field, expected, got); both sides are normalised with the golden file's description"""
    a = dict(golden)
    a["steps"] = [{**{k: v for k, v in g.items() if k not in ("exit", "stdout", "stderr")},
                   **({k: s.get(k, "") for k in ("exit", "stdout", "stderr")} if "exit" in g else {})}
                  for g, s in zip(golden["steps"], actual["steps"])]
    g, x = normalise_case(golden), normalise_case(a)
    for i, gs in enumerate(g["steps"]):
        if "exit" not in gs:
            continue
        xs = x["steps"][i] if i < len(x["steps"]) else {}
        for k in ("exit", "stdout", "stderr"):
            if gs[k] != xs.get(k):
                yield i, k, gs[k], xs.get(k)


def telling(step):
    """a step that says something: set-up that prints nothing and succeeds is not counted in scores"""
    return "exit" in step and bool(step["exit"] or step["stdout"] or step["stderr"])


def score(golden_dir, actual_dir):
    rows = {}
    for path in sorted(glob.glob(os.path.join(golden_dir, "*", "*.json"))):
        with open(path) as f:
            g = json.load(f)
        n = sum(telling(s) for s in g["steps"])
        row = rows.setdefault(g["area"], [0, 0, 0, 0])
        row[1] += 1
        row[3] += n
        other = os.path.join(actual_dir, g["area"], g["id"] + ".json")
        if not os.path.exists(other):
            continue
        with open(other) as f:
            wrong = {i for i, *_ in compare(g, json.load(f))}
        row[0] += not wrong
        row[2] += n - sum(telling(g["steps"][i]) for i in wrong)
    rows["all"] = [sum(r[k] for r in rows.values()) for k in range(4)]
    for area, (cp, ct, sp, st) in rows.items():
        print(f"{area:12} cases {cp:4}/{ct:<4} steps {sp:5}/{st:<5}")
    return 0 if rows["all"][0] == rows["all"][1] else 1


def self_test():
    case = {"links": [{"a": "h1:eth0", "b": "h2:eth0", "macA": "02:00:00:00:01:01", "macB": "02:00:00:00:02:01"}],
            "nodes": {"h1": {}}, "steps": []}
    t = [("ping -c 1 10.0.0.2", "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.05 ms", "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=<t> ms"),
         ("ip -br link", "eth0@if12        UP             02:00:00:00:01:01", "eth0@if<n> UP             02:00:00:00:01:01"),
         ("ip link", "3: br0: link/ether de:ad:be:ef:00:01", "<n>: br0: link/ether <mac1>"),
         ("tcpdump -nn", "10:00:00.000001 IP 10.0.0.1.45678 > 10.0.0.2.80: Flags [S], seq 5, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
          "<time> IP 10.0.0.1.<port1> > 10.0.0.2.80: Flags [S], seq <seq>, win <win>, options [mss 1460,sackOK,TS val <ts> ecr <ts>,nop,wscale <n>], length 0"),
         ("tcpdump -X", "\t0x0000:  4500 0024 f1c8 4000 4001 350e 0a00 0001  E..$..@.@.5.....\n\t0x0010:  0a00 0002 0800 9de2 001c 0001 5a00 0000  ............Z...",
          "\t0x0000:  4500 0024 .... 4000 4001 .... 0a00 0001  E..$..@.@.......\n\t0x0010:  0a00 0002 0800 .... .... 0001 5a00 0000  ............Z..."),
         ("conntrack -L", "tcp      6 119 TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport=50090 dport=80", "tcp      6 <t> TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport=<port1> dport=80"),
         ("tcpdump -nn", "10:00:00.000001 IP6 2001:db8::1.45678 > 2001:db8::2.80: Flags [.], ack 1, win 507, length 0",
          "<time> IP6 2001:db8::1.<port1> > 2001:db8::2.80: Flags [.], ack 1, win <win>, length 0"),
         ("bash x.sh", "[1] 4711\nx.sh: line 3:    55 Killed                  sleep 5", "[1] <pid>\nx.sh: line 3: <pid> Killed                  sleep 5"),
         ("dhclient -v eth0", "DHCPDISCOVER on eth0 to 255.255.255.255 port 67 interval 7", "DHCPDISCOVER on eth0 to 255.255.255.255 port 67 interval <t>")]
    bad = 0
    for cmd, src, want in t:
        got = normalise_text(case, cmd, src)
        if got != want:
            bad += 1
            print(f"{cmd}\n  want {want!r}\n  got  {got!r}")
    print("self-test", "failed" if bad else "passed")
    return bad


def rules_json():
    return json.dumps({"rules": [dict(zip(("name", "command", "find", "replace"), r)) for r in RULES],
                       "unordered": UNORDERED.pattern}, indent=1)


def case_json(path):
    with open(path) as f:
        return json.dumps(normalise_case(json.load(f)), indent=1, ensure_ascii=False)


def typescript():
    lines = ["/**",
             " * What is masked in a transcript before two are compared. Made by",
             " * `python3 tools/conformance/normalise.py --typescript`: change that table, not this file.",
             " * Expressions carry the flags g and m and mean the same in Python and ECMAScript; `\\1` in a replacement is group 1.",
             " */",
             "export interface MaskRule {",
             "  readonly name: string;",
             "  /** The rule applies to commands that match this; the empty text matches every command. */",
             "  readonly command: string;",
             "  readonly find: string;",
             "  readonly replace: string;",
             "}",
             "",
             "export const MASK_RULES: readonly MaskRule[] = ["]
    for rule in RULES:
        values = dict(zip(("name", "command", "find", "replace"), rule))
        one = "  { " + ", ".join(f"{k}: {json.dumps(v)}" for k, v in values.items()) + " },"
        lines += [one] if len(one) <= 140 else ["  {"] + [f"    {k}: {json.dumps(v)}," for k, v in values.items()] + ["  },"]
    lines += ["];", "", "/** Commands whose listing comes out of a hash table: their lines are sorted before they are compared. */",
              "export const UNORDERED_COMMANDS =", f"  {json.dumps(UNORDERED.pattern)};"]
    return "\n".join(lines)


def digests(root):
    yield hashlib.sha256((rules_json() + "\n").encode()).hexdigest(), "rules"
    for path in sorted(glob.glob(os.path.join(root, "*", "*.json"))):
        yield hashlib.sha256((case_json(path) + "\n").encode()).hexdigest(), os.path.relpath(path, root)


def main(argv):
    if argv[:1] == ["--rules"]:
        print(rules_json())
        return 0
    if argv[:1] == ["--typescript"]:
        print(typescript())
        return 0
    if argv[:1] == ["--digests"]:
        for digest, name in digests(argv[1]):
            print(f"{digest}  {name}")
        return 0
    if argv[:1] == ["--score"]:
        return score(argv[1], argv[2])
    if argv[:1] == ["--self-test"]:
        return self_test()
    if argv[:1] == ["--diff"]:
        with open(argv[1]) as f, open(argv[2]) as h:
            g, a = json.load(f), json.load(h)
        n = 0
        for i, k, want, got in compare(g, a):
            n += 1
            s = g["steps"][i]
            print(f"{g['id']} step {i} ({s.get('cmd') or 'stop ' + s['stop']}): {k}\n  expected {want!r}\n  got      {got!r}")
        return 1 if n else 0
    print(case_json(argv[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
