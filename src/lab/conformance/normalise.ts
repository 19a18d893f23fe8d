/**
 * Masks what is volatile in a transcript, so that a recording and the emulator compare byte for byte. The rules are
 * those of tools/conformance/normalise.py, explained in test/conformance/README.md: a table (rules.ts) and four things
 * that are code: random MAC addresses, numbered placeholders, hex dumps and sorting. Both sides of a comparison go
 * through here with the commands of the golden side.
 */
import { fromHex, hex } from "../../base/bytes.ts";
import { type ConformanceCase, hasOutcome, isStart, isStop, type Step } from "./case.ts";
import { MASK_RULES, UNORDERED_COMMANDS } from "./rules.ts";

interface CompiledRule {
  readonly when: RegExp | undefined;
  readonly find: RegExp;
  readonly replace: string;
}

const RULES: readonly CompiledRule[] = MASK_RULES.map((r) => ({
  when: r.command === "" ? undefined : new RegExp(r.command),
  find: new RegExp(r.find, "gm"),
  replace: r.replace.replace(/\\(\d)/g, "$$$1"),
}));
const UNORDERED = new RegExp(UNORDERED_COMMANDS);

const MAC = /\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b/g;
const BRIDGE_ID = /\b[0-9a-f]{4}\.((?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}|[0-9a-f]{12})\b/g;
const LINK_LOCAL = /\bfe80::[0-9a-f:]+/g;
/** Zero, broadcast, multicast, bridge group, VRRP and Cisco groups: never random, so never masked. */
const WELL_KNOWN = /^(00:00:00:00:00:00|ff:ff:ff:ff:ff:ff|01:00:5e:|33:33:|01:80:c2:|00:00:5e:00:0[12]:|01:00:0c:)/;

/** The same value gets the same placeholder, numbered by first appearance within one output. */
class Names {
  private readonly seen = new Map<string, string>();
  private readonly kind: string;

  constructor(kind: string) {
    this.kind = kind;
  }

  of(value: string): string {
    let name = this.seen.get(value);
    if (name === undefined) {
      name = `<${this.kind}${this.seen.size + 1}>`;
      this.seen.set(value, name);
    }
    return name;
  }
}

/** MAC addresses that the case itself names, in lower case: in its links, its commands and its files. */
export function knownMacs(c: ConformanceCase): ReadonlySet<string> {
  const files = Object.values(c.nodes).map((n) => n.files ?? null);
  const named = JSON.stringify([c.links, c.steps.map((s) => ("cmd" in s ? s.cmd : null)), files]);
  // Escaped as the recorder's JSON is, so that "é02:.." has no word boundary before the 02 on either side.
  const text = named.replace(/[\u0080-\uffff]/g, (ch) => `\\u${hex(ch.charCodeAt(0), 4)}`);
  return new Set([...text.matchAll(MAC)].map((m) => lowerHex(m[0])));
}

function lowerHex(text: string): string {
  return text.replace(/[A-F]/g, (d) => String.fromCharCode(d.charCodeAt(0) + 32));
}

/** The link-local address a kernel makes from `mac` by modified EUI-64, RFC 4291 appendix A. */
function linkLocalOf(mac: string): string {
  const b = mac.split(":").map((x) => Number.parseInt(x, 16));
  const id = [b[0]! ^ 2, b[1]!, b[2]!, 0xff, 0xfe, b[3]!, b[4]!, b[5]!];
  const groups = [0, 2, 4, 6].map((i) => ((id[i]! << 8) | id[i + 1]!).toString(16));
  return `fe80::${groups.join(":")}`.replace(/^fe80::(0:)+/, "fe80::");
}

function macOfBridgeId(id: string): string {
  if (id.includes(":")) return id.split(":").map((x) => x.padStart(2, "0")).join(":");
  return (id.match(/../g) ?? []).join(":");
}

function maskMacs(text: string, macs: ReadonlySet<string>): string {
  const names = new Names("mac");
  const ids = new Names("bridge-id");
  const linkLocals = new Names("ll");
  const stays = (mac: string): boolean => macs.has(mac) || WELL_KNOWN.test(mac);
  const expected = new Set([...macs].map(linkLocalOf));
  return text
    .replace(BRIDGE_ID, (all, id: string) => (stays(macOfBridgeId(id)) ? all : ids.of(all)))
    .replace(MAC, (all) => (stays(lowerHex(all)) ? all : names.of(lowerHex(all))))
    .replace(LINK_LOCAL, (all) => (all === "fe80::" || expected.has(all) ? all : linkLocals.of(all)));
}

/** Linux's default ip_local_port_range, without the ports that traceroute aims at. */
function isEphemeral(port: number): boolean {
  return port >= 32768 && port <= 60999 && !(port >= 33434 && port <= 33534);
}

function maskNumbered(cmd: string, input: string): string {
  const ports = new Names("port");
  const idents = new Names("icmp-id");
  const port = (all: string, before: string, digits: string): string => (isEphemeral(Number(digits)) ? before + ports.of(digits) : all);
  const ident = (_: string, before: string, digits: string): string => before + idents.of(digits);
  let text = input;
  if (/\btcpdump\b/.test(cmd)) text = maskDump(text, port, ident);
  if (/\bconntrack\b/.test(cmd)) text = text.replace(/(\b[sd]port=)(\d+)/g, port).replace(/(\bid=)(\d+)/g, ident);
  if (/\b(ss|netstat|nc|ipvsadm)\b/.test(cmd)) text = text.replace(/(\d:|\]:|\d )(\d{5})\b/g, port);
  return text;
}

type Replacer = (all: string, before: string, digits: string) => string;

function maskDump(text: string, port: Replacer, ident: Replacer): string {
  const ipIds = new Names("ip-id");
  const dnsIds = new Names("dns-id");
  const masked = text
    .replace(/(\(tos 0x[0-9a-f]+(?:,[A-Z0-9() ]+)?, ttl \d+, id )(\d+),/g, (all, before: string, id: string) => (id === "0" ? all : `${before}${ipIds.of(id)},`))
    .replace(/(ICMP6?,? echo (?:request|reply), id )(\d+)/g, ident)
    .replace(/(\b\d+\.\d+\.\d+\.\d+\.)(\d+)\b(?=[ :,]|\n?$)/g, port)
    .replace(/((?:[0-9a-f]{0,4}:){2,}[0-9a-f]{0,4}\.)(\d+)\b(?=[ :,]|$)/gm, port);
  return maskHexDump(masked).replace(
    /(\.53: |\.53 > \S+: )(\d+)([+*\- ])/g,
    (_, before: string, id: string, after: string) => before + dnsIds.of(id) + after,
  );
}

/** A line of `tcpdump -x` or `-X`: offset, octets in groups of two, and with -X the text after two blanks. */
const HEX_LINE = /^\t0x([0-9a-f]{4}): {2}((?:[0-9a-f]{4} )*(?:[0-9a-f]{4}|[0-9a-f]{2}) ?)(?: {2}(.*))?$/;

interface HexLine {
  readonly offset: string;
  readonly digits: string;
  readonly text: string | undefined;
}

/** In a dump the IPv4 id and checksum, and the fields of ICMP, TCP and UDP that differ from run to run, become "..". */
function maskHexDump(text: string): string {
  const out: string[] = [];
  let block: HexLine[] = [];
  const flush = (): void => {
    out.push(...maskBlock(block));
    block = [];
  };
  for (const line of text.split("\n")) {
    const m = HEX_LINE.exec(line);
    if (m === null || m[1] === "0000") flush();
    if (m === null) out.push(line);
    else block.push({ offset: m[1]!, digits: m[2]!.replace(/ /g, ""), text: m[3] });
  }
  flush();
  return out.join("\n");
}

function maskBlock(block: readonly HexLine[]): string[] {
  const data = fromHex(block.map((l) => l.digits).join("")) ?? new Uint8Array();
  const hidden = volatileOctets(data);
  let at = 0;
  return block.map((line) => {
    const n = line.digits.length / 2;
    const octets = Array.from({ length: n }, (_, i) => (hidden.has(at + i) ? ".." : line.digits.slice(2 * i, 2 * i + 2)));
    const words = Array.from({ length: Math.ceil(n / 2) }, (_, i) => octets.slice(2 * i, 2 * i + 2).join("")).join(" ");
    const chars = line.text === undefined ? "" : `  ${[...line.text].slice(0, n).map((ch, i) => (hidden.has(at + i) ? "." : ch)).join("")}`;
    at += n;
    return `\t0x${line.offset}:  ${words}${chars}`;
  });
}

/** Offsets of what differs from run to run in a packet that starts with an IPv4 header, or with Ethernet and then one. */
function volatileOctets(data: Uint8Array): ReadonlySet<number> {
  const ethernet = data.length > 34 && data[12] === 8 && data[13] === 0 && data[14]! >> 4 === 4;
  const ip = ethernet ? 14 : 0;
  const hidden = new Set<number>();
  if (data.length < ip + 20 || data[ip]! >> 4 !== 4) return hidden;
  const hide = (from: number, count: number): void => {
    for (let i = 0; i < count; i++) hidden.add(from + i);
  };
  if (data[ip + 4] !== 0 || data[ip + 5] !== 0) hide(ip + 4, 2); // an id of 0 says that it was not set
  hide(ip + 10, 2);
  const l4 = ip + (data[ip]! & 15) * 4;
  switch (data[ip + 9]) {
    case 1: // ICMP: checksum and id
      hide(l4 + 2, 4);
      break;
    case 6: // TCP: sequence numbers, window, checksum
      hide(l4 + 4, 8);
      hide(l4 + 14, 4);
      break;
    case 17: // UDP: checksum
      hide(l4 + 6, 2);
  }
  return hidden;
}

/** Lines without their ends; a line ends where Python's str.splitlines() says, which is what the recorder's side does. */
function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Order by code point, as Python sorts text; UTF-16 units differ from it above U+D7FF. */
function compareText(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  let i = 0;
  while (i < n && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === n) return a.length - b.length;
  const lift = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
  return lift(a.charCodeAt(i)) - lift(b.charCodeAt(i));
}

/** Lines in an order that does not depend on what is masked: each is first looked at on its own. */
function sortLines(cmd: string, text: string, macs: ReadonlySet<string>): string {
  const keyed = splitLines(text).map((line) => ({ line, key: maskMacs(maskNumbered(cmd, line), macs) }));
  keyed.sort((a, b) => compareText(a.key, b.key) || compareText(a.line, b.line));
  return keyed.map((k) => `${k.line}\n`).join("");
}

/**
 * @param cmd the command that printed `text`; it decides which rules apply.
 * @param macs what `knownMacs` found. @param unordered the lines are compared as a multiset.
 */
export function normaliseText(cmd: string, text: string, macs: ReadonlySet<string>, unordered: boolean): string {
  if (text === "") return text;
  let masked = text;
  for (const rule of RULES) if (rule.when === undefined || rule.when.test(cmd)) masked = masked.replace(rule.find, rule.replace);
  if (unordered) masked = sortLines(cmd, masked, macs);
  return maskMacs(maskNumbered(cmd, masked), macs);
}

/** What a step is compared by, and the command that printed it (for a stop: that of its start). */
export function comparisonOf(c: ConformanceCase, step: Step): { cmd: string; match: "exact" | "unordered" | "exit" } {
  const cmd = isStop(step) ? startCommand(c, step.stop) : "cmd" in step ? step.cmd : "";
  const asked = "match" in step ? step.match : undefined;
  return { cmd, match: asked ?? (UNORDERED.test(cmd) ? "unordered" : "exact") };
}

function startCommand(c: ConformanceCase, name: string): string {
  return c.steps.filter(isStart).findLast((s) => s.start === name)?.cmd ?? "";
}

/** Exit status and output of one step. */
export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `outcome` of the step `step` of `c`, masked. @param macs what `knownMacs(c)` found. */
export function normaliseOutcome(c: ConformanceCase, step: Step, outcome: Outcome, macs: ReadonlySet<string>): Outcome {
  const { cmd, match } = comparisonOf(c, step);
  if (match === "exit") return { exit: outcome.exit, stdout: "", stderr: "" };
  const mask = (text: string): string => normaliseText(cmd, text, macs, match === "unordered");
  return { exit: outcome.exit, stdout: mask(outcome.stdout), stderr: mask(outcome.stderr) };
}

/** A copy of `c` with every outcome masked; keys keep their order. */
export function normaliseCase(c: ConformanceCase): ConformanceCase {
  const macs = knownMacs(c);
  return { ...c, steps: c.steps.map((s) => (hasOutcome(s) ? { ...s, ...normaliseOutcome(c, s, s, macs) } : s)) };
}
