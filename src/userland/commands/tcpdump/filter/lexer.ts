/** Words of the pcap filter language, as pcap-filter(7) and libpcap 1.10.3 have them: the longest match wins, then the order below. */

/** A keyword's or operator's own text, or one of the classes; "error" for a character or number that cannot be. */
export interface Token {
  kind: string;
  text: string;
  /** Of a number. */
  value: number;
}

/** Keywords that are other words for the same thing. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["link", "ether"], ["ppp", "ether"], ["slip", "ether"], ["fddi", "ether"], ["tr", "ether"], ["wlan", "ether"], ["es-is", "esis"], ["is-is", "isis"], ["direction", "dir"], ["address1", "addr1"],
  ["address2", "addr2"], ["address3", "addr3"], ["address4", "addr4"], ["length", "len"], ["ifname", "on"], ["ruleset", "rset"], ["rulenum", "rnr"], ["subrulenum", "srnr"], ["lsu", "lssu"], ["not", "!"],
]);

const KEYWORDS: ReadonlySet<string> = new Set(
  ("dst src ether arp rarp ip sctp tcp udp icmp igmp igrp pim vrrp carp radio ip6 icmp6 ah esp atalk aarp decnet lat sca moprc mopdl iso esis isis l1 l2 iih lsp snp csnp psnp clnp stp ipx netbeui " +
    "host net mask port portrange proto protochain gateway type subtype dir addr1 addr2 addr3 addr4 ra ta less greater byte broadcast multicast and or len inbound outbound ifindex vlan mpls pppoed pppoes geneve " +
    "lane llc metac bcc oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect on rset rnr srnr reason action fisu lssu msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls").split(" "),
);

/** Names for numbers: offsets of fields, and values of them. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["icmptype", 0], ["icmpcode", 1], ["icmp-echoreply", 0], ["icmp-unreach", 3], ["icmp-sourcequench", 4], ["icmp-redirect", 5], ["icmp-echo", 8], ["icmp-routeradvert", 9], ["icmp-routersolicit", 10],
  ["icmp-timxceed", 11], ["icmp-paramprob", 12], ["icmp-tstamp", 13], ["icmp-tstampreply", 14], ["icmp-ireq", 15], ["icmp-ireqreply", 16], ["icmp-maskreq", 17], ["icmp-maskreply", 18],
  ["icmp6type", 0], ["icmp6code", 1], ["icmp6-destinationunreach", 1], ["icmp6-packettoobig", 2], ["icmp6-timeexceeded", 3], ["icmp6-parameterproblem", 4], ["icmp6-echo", 128], ["icmp6-echoreply", 129],
  ["icmp6-multicastlistenerquery", 130], ["icmp6-multicastlistenerreportv1", 131], ["icmp6-multicastlistenerdone", 132], ["icmp6-routersolicit", 133], ["icmp6-routeradvert", 134], ["icmp6-neighborsolicit", 135],
  ["icmp6-neighboradvert", 136], ["icmp6-redirect", 137], ["icmp6-routerrenum", 138], ["icmp6-nodeinformationquery", 139], ["icmp6-nodeinformationresponse", 140], ["icmp6-ineighbordiscoverysolicit", 141],
  ["icmp6-ineighbordiscoveryadvert", 142], ["icmp6-multicastlistenerreportv2", 143], ["icmp6-homeagentdiscoveryrequest", 144], ["icmp6-homeagentdiscoveryreply", 145], ["icmp6-mobileprefixsolicit", 146],
  ["icmp6-mobileprefixadvert", 147], ["icmp6-certpathsolicit", 148], ["icmp6-certpathadvert", 149], ["icmp6-multicastrouteradvert", 151], ["icmp6-multicastroutersolicit", 152],
  ["icmp6-multicastrouterterm", 153],
  ["tcpflags", 13], ["tcp-fin", 0x01], ["tcp-syn", 0x02], ["tcp-rst", 0x04], ["tcp-push", 0x08], ["tcp-ack", 0x10], ["tcp-urg", 0x20], ["tcp-ece", 0x40], ["tcp-cwr", 0x80],
]);

/** Two-character operators, then single ones; the token's kind is the second member. */
const OPERATORS: readonly (readonly [string, string])[] = [
  ["&&", "and"], ["||", "or"], [">=", ">="], ["<=", "<="], ["!=", "!="], ["==", "="], ["<<", "<<"], [">>", ">>"],
  ...[..."+-*/%:[]!<>()&|^="].map((c): readonly [string, string] => [c, c]),
];

const N = "(?:0[xX][0-9A-Fa-f]+|[0-9]+)";
const BYTE = "[0-9A-Fa-f]{1,2}";
// Each is anchored and linear: it is tried at the current position only.
const MAC = new RegExp(`^(?:${BYTE}(?::${BYTE}){5}|${BYTE}(?:-${BYTE}){5}|${BYTE}(?:\\.${BYTE}){5}|[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}|[0-9A-Fa-f]{12})`);
const NUMBER = new RegExp(`^${N}`);
const DOTTED = new RegExp(`^${N}(?:\\.${N}){1,3}`);
const WORD = /^[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/;
const COLONS = /^[0-9A-Fa-f:.]*/;
const BOGUS_MAC = /^[0-9A-Fa-f]{1,2}:+(?:[0-9A-Fa-f]{1,2}:+)+/;
const ESCAPED = /^\\[^ !()\n\t]+/;
const ARCNET = /^\$[0-9A-Fa-f]{1,2}/;

export type Lexed = { tokens: Token[]; /** Why the last token is an error, when there is more to say than "syntax error". */ error?: string };

/** All tokens of `text`, the last of kind "end" or "error". */
export function lex(text: string, isIpv6: (text: string) => boolean): Lexed {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && " \r\n\t".includes(text[at]!)) at++;
    if (at >= text.length) {
      tokens.push({ kind: "end", text: "", value: 0 });
      return { tokens };
    }
    const [token, length, error] = next(text.slice(at, at + 256), isIpv6);
    tokens.push(token);
    if (token.kind === "error") return error === undefined ? { tokens } : { tokens, error };
    at += length;
  }
}

/** The longest token at the start of `s`. */
function next(s: string, isIpv6: (text: string) => boolean): [token: Token, length: number, error?: string] {
  const make = (kind: string, text: string, value = 0): [Token, number] => [{ kind, text, value }, text.length];
  const word = WORD.exec(s)?.[0] ?? "";
  const mac = MAC.exec(s)?.[0] ?? "";
  const number = NUMBER.exec(s)?.[0] ?? "";
  const dotted = DOTTED.exec(s)?.[0] ?? "";
  const v6 = longestIpv6(s, isIpv6);
  const bogus = BOGUS_MAC.exec(s)?.[0] ?? "";
  const longest = Math.max(word.length, mac.length, number.length, dotted.length, v6.length, bogus.length);
  if (longest > 0) {
    const keyword = SYNONYMS.get(word) ?? word;
    if (word.length === longest && (KEYWORDS.has(keyword) || keyword === "!")) return [{ kind: keyword, text: word, value: 0 }, word.length];
    if (mac.length === longest) return make("EID", mac);
    if (number.length === longest) return numberToken(number);
    if (dotted.length === longest) return make("HID", dotted);
    if (v6.length === longest) return make("HID6", v6);
    if (bogus.length === longest) return [{ kind: "error", text: bogus, value: 0 }, bogus.length, `bogus ethernet address ${bogus}`];
    const value = NUMBERS.get(word);
    return value === undefined ? make("ID", word) : [{ kind: "NUM", text: word, value }, word.length];
  }
  for (const [text, kind] of OPERATORS) if (s.startsWith(text)) return [{ kind, text, value: 0 }, text.length];
  const arcnet = ARCNET.exec(s)?.[0];
  if (arcnet) return make("AID", arcnet);
  const escaped = ESCAPED.exec(s)?.[0];
  if (escaped) return [{ kind: "ID", text: escaped.slice(1), value: 0 }, escaped.length];
  return [{ kind: "error", text: s[0]!, value: 0 }, 1];
}

function longestIpv6(s: string, isIpv6: (text: string) => boolean): string {
  let text = COLONS.exec(s)?.[0] ?? "";
  if (!text.includes(":")) return "";
  // A word that goes on cannot be cut: take what is an address, from the longest down.
  for (; text.length > 1; text = text.slice(0, -1)) if (isIpv6(text)) return text;
  return "";
}

/** Decimal, 0x hex, 0 octal; 32 bits. */
function numberToken(text: string): [Token, number, string?] {
  const error = (why: string): [Token, number, string] => [{ kind: "error", text, value: 0 }, text.length, `number ${text} ${why}`];
  let value = 0;
  if (/^0[xX]/.test(text)) value = Number.parseInt(text.slice(2), 16);
  else if (text.startsWith("0") && text.length > 1) {
    if (/[89]/.test(text)) return error("contains non-octal digit");
    value = Number.parseInt(text, 8);
  } else value = Number(text);
  return value > 0xffffffff ? error("overflows 32 bits") : [{ kind: "NUM", text, value }, text.length];
}
