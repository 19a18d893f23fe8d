/** The files a node starts with: the tree of a Debian 12 machine, as far as somebody who configures its network meets it. */
import { encodeUtf8 } from "../base/bytes.ts";
import type { Command } from "./command.ts";
import type { InstalledFile } from "./fs.ts";
import type { NodeMachine } from "./machine.ts";

const DIRECTORIES = [
  "/boot", "/dev", "/etc/default", "/etc/network/if-up.d", "/etc/network/interfaces.d", "/etc/profile.d", "/etc/sysctl.d", "/home", "/media", "/mnt", "/opt", "/root",
  "/run/lock", "/srv", "/usr/bin", "/usr/games", "/usr/include", "/usr/lib", "/usr/local/bin", "/usr/local/etc", "/usr/local/lib", "/usr/local/sbin", "/usr/local/share", "/usr/sbin",
  "/usr/share/doc", "/usr/share/man", "/usr/src", "/var/backups", "/var/cache", "/var/lib", "/var/local", "/var/log", "/var/mail", "/var/spool",
];
const LINKS = [
  ["usr/bin", "/bin"], ["usr/sbin", "/sbin"], ["usr/lib", "/lib"], ["/run", "/var/run"], ["/run/lock", "/var/lock"], ["../proc/self/mounts", "/etc/mtab"],
] as const;

/** name:uid:gid:comment:home:shell. The system users of base-passwd, and the one of tcpdump. */
const USERS = [
  "root:0:0:root:/root:/bin/bash", "daemon:1:1:daemon:/usr/sbin:/usr/sbin/nologin", "bin:2:2:bin:/bin:/usr/sbin/nologin", "sys:3:3:sys:/dev:/usr/sbin/nologin",
  "sync:4:65534:sync:/bin:/bin/sync", "games:5:60:games:/usr/games:/usr/sbin/nologin", "man:6:12:man:/var/cache/man:/usr/sbin/nologin", "lp:7:7:lp:/var/spool/lpd:/usr/sbin/nologin",
  "mail:8:8:mail:/var/mail:/usr/sbin/nologin", "www-data:33:33:www-data:/var/www:/usr/sbin/nologin", "backup:34:34:backup:/var/backups:/usr/sbin/nologin",
  "_apt:42:65534::/nonexistent:/usr/sbin/nologin", "nobody:65534:65534:nobody:/nonexistent:/usr/sbin/nologin", "tcpdump:100:102::/nonexistent:/usr/sbin/nologin",
];
const GROUPS = [
  "root:0", "daemon:1", "bin:2", "sys:3", "adm:4", "tty:5", "disk:6", "lp:7", "mail:8", "man:12", "sudo:27", "www-data:33", "backup:34", "shadow:42", "utmp:43", "staff:50", "games:60", "users:100",
  "tcpdump:102", "nogroup:65534",
];
/** IANA service names (RFC 6335 registry) that network people type or see. */
const SERVICES: readonly (readonly [string, string, string?])[] = [
  ["tcpmux", "1/tcp"], ["echo", "7/tcp"], ["echo", "7/udp"], ["discard", "9/tcp", "sink null"], ["discard", "9/udp", "sink null"], ["systat", "11/tcp", "users"], ["daytime", "13/tcp"],
  ["daytime", "13/udp"], ["netstat", "15/tcp"], ["qotd", "17/tcp", "quote"], ["chargen", "19/tcp", "ttytst source"], ["chargen", "19/udp", "ttytst source"], ["ftp-data", "20/tcp"], ["ftp", "21/tcp"],
  ["ssh", "22/tcp"], ["telnet", "23/tcp"], ["smtp", "25/tcp", "mail"], ["time", "37/tcp", "timserver"], ["time", "37/udp", "timserver"], ["whois", "43/tcp", "nicname"], ["tacacs", "49/tcp"],
  ["tacacs", "49/udp"], ["domain", "53/tcp"], ["domain", "53/udp"], ["bootps", "67/udp"], ["bootpc", "68/udp"], ["tftp", "69/udp"], ["gopher", "70/tcp"], ["finger", "79/tcp"],
  ["http", "80/tcp", "www"], ["kerberos", "88/tcp", "kerberos5 krb5 kerberos-sec"], ["kerberos", "88/udp", "kerberos5 krb5 kerberos-sec"], ["iso-tsap", "102/tcp", "tsap"], ["pop3", "110/tcp", "pop-3"],
  ["sunrpc", "111/tcp", "portmapper"], ["sunrpc", "111/udp", "portmapper"], ["auth", "113/tcp", "authentication tap ident"], ["nntp", "119/tcp", "readnews untp"], ["ntp", "123/udp"],
  ["netbios-ns", "137/udp"], ["netbios-dgm", "138/udp"], ["netbios-ssn", "139/tcp"], ["imap2", "143/tcp", "imap"], ["snmp", "161/tcp"], ["snmp", "161/udp"], ["snmp-trap", "162/tcp", "snmptrap"],
  ["snmp-trap", "162/udp", "snmptrap"], ["bgp", "179/tcp"], ["irc", "194/tcp"], ["ldap", "389/tcp"], ["ldap", "389/udp"], ["https", "443/tcp"], ["https", "443/udp"], ["microsoft-ds", "445/tcp"],
  ["microsoft-ds", "445/udp"], ["kpasswd", "464/tcp"], ["submissions", "465/tcp", "ssmtp smtps urd"], ["isakmp", "500/udp"], ["exec", "512/tcp"], ["login", "513/tcp"], ["who", "513/udp", "whod"],
  ["shell", "514/tcp", "cmd syslog"], ["syslog", "514/udp"], ["printer", "515/tcp", "spooler"], ["route", "520/udp", "router routed"], ["ldaps", "636/tcp"], ["ldaps", "636/udp"], ["domain-s", "853/tcp"],
  ["domain-s", "853/udp"], ["rsync", "873/tcp"], ["ftps", "990/tcp"], ["imaps", "993/tcp"], ["pop3s", "995/tcp"], ["socks", "1080/tcp"], ["openvpn", "1194/tcp"], ["openvpn", "1194/udp"],
  ["radius", "1812/tcp"], ["radius", "1812/udp"], ["radius-acct", "1813/tcp", "radacct"], ["radius-acct", "1813/udp", "radacct"], ["nfs", "2049/tcp"], ["nfs", "2049/udp"], ["zebrasrv", "2600/tcp"],
  ["zebra", "2601/tcp"], ["ripd", "2602/tcp"], ["ospfd", "2604/tcp"], ["bgpd", "2605/tcp"], ["mysql", "3306/tcp"], ["svn", "3690/tcp", "subversion"], ["ipsec-nat-t", "4500/udp"],
  ["mdns", "5353/udp"], ["postgresql", "5432/tcp", "postgres"], ["amqp", "5672/tcp"], ["x11", "6000/tcp", "x11-0"], ["http-alt", "8080/tcp", "webcache"], ["http-alt", "8080/udp"],
];
/** IANA protocol numbers. */
const PROTOCOLS = [
  "ip 0", "icmp 1", "igmp 2", "ggp 3", "ipencap 4", "tcp 6", "egp 8", "igp 9", "udp 17", "dccp 33", "ipv6 41", "ipv6-route 43", "ipv6-frag 44", "rsvp 46", "gre 47", "esp 50", "ah 51", "ipv6-icmp 58",
  "ipv6-nonxt 59", "ipv6-opts 60", "eigrp 88", "ospf 89", "ipip 94", "etherip 97", "pim 103", "vrrp 112", "l2tp 115", "isis 124", "sctp 132", "udplite 136", "mpls-in-ip 137",
];

const OS_RELEASE = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
`;

const PROFILE = `# Read by login shells.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
if [ "$PS1" ]; then
  if [ "$BASH" ] && [ "$BASH" != /bin/sh ]; then
    . /etc/bash.bashrc
  else
    PS1='# '
  fi
fi
`;
const BASH_BASHRC = `# Read by interactive bash shells.
[ -z "$PS1" ] && return
shopt -s checkwinsize
PS1='\\u@\\h:\\w\\$ '
`;
const ROOT_PROFILE = `# Read by root's login shells.
if [ "$BASH" ] && [ -f ~/.bashrc ]; then
  . ~/.bashrc
fi
`;
const ROOT_BASHRC = `# Read by root's interactive bash shells. Aliases go here:
# alias ll='ls -l'
`;

/** Text files that are the same on all machines, by directory. */
const COMMON: readonly (readonly [directory: string, files: readonly InstalledFile[]])[] = [
  ["/etc", [
    textFile("resolv.conf", ""),
    textFile("passwd", USERS.map((u) => u.replace(":", ":x:")).join("\n") + "\n"),
    textFile("shadow", USERS.map((u) => `${u.slice(0, u.indexOf(":"))}:*:20454:0:99999:7:::`).join("\n") + "\n", 0o640),
    textFile("group", GROUPS.map((g) => `${g.replace(":", ":x:")}:`).join("\n") + "\n"),
    textFile("os-release", OS_RELEASE),
    textFile("debian_version", "12.11\n"),
    textFile("issue", "Debian GNU/Linux 12 \\n \\l\n\n"),
    textFile("nsswitch.conf", "passwd:         files\ngroup:          files\nshadow:         files\n\nhosts:          files dns\nnetworks:       files\n\nprotocols:      files\nservices:       files\nethers:         files\n"),
    textFile("host.conf", "multi on\n"),
    textFile("networks", "default\t\t0.0.0.0\nloopback\t127.0.0.0\nlink-local\t169.254.0.0\n"),
    textFile("services", SERVICES.map(([service, port, aliases]) => `${service.padEnd(15)} ${port}${aliases ? `\t\t${aliases}` : ""}`).join("\n") + "\n"),
    textFile("protocols", PROTOCOLS.map((p) => p.replace(" ", "\t") + `\t${p.slice(0, p.indexOf(" ")).replace(/[a-z]/g, upper)}`).join("\n") + "\n"),
    textFile("shells", "/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/dash\n/usr/bin/dash\n"),
    textFile("sysctl.conf", "# Kernel parameters, one \"name = value\" a line; read by sysctl -p.\n"),
    textFile("profile", PROFILE),
    textFile("bash.bashrc", BASH_BASHRC),
  ]],
  ["/etc/network", [
    textFile("interfaces", "# Interfaces of this machine; see interfaces(5).\nauto lo\niface lo inet loopback\n"),
  ]],
  ["/root", [
    textFile(".profile", ROOT_PROFILE),
    textFile(".bashrc", ROOT_BASHRC),
  ]],
];

function textFile(name: string, text: string, mode = 0o644): InstalledFile {
  return { name, mode, data: encodeUtf8(text) };
}

export function makeTree(machine: NodeMachine): void {
  const { fs } = machine;
  for (const dir of DIRECTORIES) fs.mkdir(dir, { parents: true });
  for (const dir of ["/tmp", "/var/tmp"]) {
    fs.mkdir(dir);
    chmod(machine, dir, 0o1777);
  }
  chmod(machine, "/root", 0o700);
  for (const [target, path] of LINKS) fs.symlink(target, path);
  for (const [directory, files] of COMMON) fs.install(directory, files);
  fs.install("/etc", [textFile("hostname", `${machine.name}\n`), textFile("hosts", `127.0.0.1\tlocalhost\n127.0.1.1\t${machine.name}\n`)]);
  for (const [directory, files] of programFiles(machine.commands)) {
    fs.mkdir(directory, { parents: true });
    fs.install(directory, files);
  }
}

function chmod(machine: NodeMachine, path: string, mode: number): void {
  const found = machine.fs.stat(path);
  if (found.ok) found.value.mode = mode;
}

function upper(letter: string): string {
  return String.fromCharCode(letter.charCodeAt(0) - 32);
}

/** What a program file of this machine begins with; the program's name follows. A copy of the file is the program too. */
export const PROGRAM_MAGIC = "\x7fELF packetwalk program: ";

/** Made once for a set of commands, since every machine of a network has the same. */
const programs = new WeakMap<readonly Command[], Map<string, InstalledFile[]>>();

function programFiles(commands: readonly Command[]): Map<string, InstalledFile[]> {
  const made = programs.get(commands);
  if (made) return made;
  const files = new Map<string, InstalledFile[]>();
  for (const command of commands) {
    const directory = command.dir ?? "/usr/bin";
    const here = files.get(directory) ?? [];
    files.set(directory, here);
    for (const name of [command.name, ...(command.aliases ?? [])]) here.push({ name, mode: 0o755, data: encodeUtf8(`${PROGRAM_MAGIC}${name}\n`), command });
  }
  programs.set(commands, files);
  return files;
}
