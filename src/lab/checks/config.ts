/** `config`: files, settings, answers. */
import { byCodeUnit } from "../../base/order.ts";
import { decodeUtf8 } from "../../base/bytes.ts";
import { IFF, type LinkInfo } from "../../kernel/api.ts";
import { formatMac } from "../../wire/ethernet.ts";
import { formatIpv4, parseIpv4 } from "../../wire/ipv4.ts";
import type { Bench } from "../bench.ts";
import type { Fact } from "../protocol.ts";
import type { CheckOf, Wanted } from "../schema.ts";
import type { Session } from "../session.ts";
import { formatAddr, namesOf } from "../tables.ts";
import { netnsOf, noNetns } from "./netns.ts";
import { cut, lines } from "./output.ts";
import { fact, listing, type Verdict } from "./verdict.ts";

type Config = CheckOf<"config">;
type Part<K extends keyof Config> = NonNullable<Config[K]>;

export function judgeConfig(check: Config, bench: Bench): Verdict | undefined {
  const session = bench.look(check.if);
  if (session === undefined) return undefined;
  if (check.answer !== undefined) return judgeAnswer(check.answer, session, bench);
  if (check.file !== undefined) return judgeFile(check.file, session);
  if (check.sysctl !== undefined) return judgeSysctl(check.sysctl, session);
  if (check.link !== undefined) return judgeLink(check.link, session);
  return judgeAddresses(check.addresses!, session);
}

const passed = (expected: Fact): Verdict => ({ pass: true, expected, found: fact("config.as-expected", {}, "as expected") });
const failed = (expected: Fact, code: string, args: Fact["args"], text: string): Verdict => ({ pass: false, expected, found: fact(code, args, text) });

// -- answers ----------------------------------------------------------------------------------------------------------------

export const ANSWERS = "/root/answers";

function readFile(session: Session, node: string, path: string): string | undefined {
  const found = session.network.machine(node).fs.stat(path);
  return found.ok && found.value.type === "file" ? decodeUtf8(found.value.data ?? new Uint8Array(0)) : undefined;
}

/** What the right answer is, is never told: only what form it has. */
function judgeAnswer(a: Part<"answer">, session: Session, bench: Bench): Verdict | undefined {
  const expected = fact("answer.expected", { key: a.key }, `the right value in \`answer ${a.key} VALUE\``);
  const nodes = a.node === undefined ? [...session.network.machines.keys()] : [a.node];
  const given = nodes.flatMap((node) => readFile(session, node, `${ANSWERS}/${a.key}`) ?? []);
  if (given.length === 0) return failed(expected, "answer.none", { key: a.key }, "no answer yet");
  const right = new Set<string>();
  for (const wanted of a.equals) {
    const text = valueOf(wanted, bench);
    if (text === undefined) return undefined;
    right.add(normalise(text, a.as));
  }
  // Of answers given on several machines all must be right: to try them all is no answer.
  const wrong = given.find((g) => !right.has(normalise(g, a.as)));
  return wrong === undefined ? passed(expected) : failed(expected, "answer.wrong", { key: a.key, given: cut(wrong) }, `${cut(wrong)}, which is not right`);
}

function valueOf(wanted: Wanted, bench: Bench): string | undefined {
  if ("text" in wanted) return wanted.text;
  const session = wanted.state === "start" ? bench.fresh(wanted.if) : bench.copy(wanted.if);
  if (session === undefined) return undefined;
  const ran = bench.run(session, wanted.on, wanted.run, 60);
  return bench.spent === undefined ? ran.stdout : undefined;
}

function normalise(text: string, as: Part<"answer">["as"]): string {
  const plain = text.trim().replace(/\s+/g, " ").replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
  switch (as) {
    case "text":
      return plain;
    case "number":
      return /^[+-]?\d{1,15}$/.test(plain) ? String(Number.parseInt(plain, 10)) : plain;
    case "mac":
      return plain.replace(/-/g, ":").split(":").map((o) => o.padStart(2, "0")).join(":");
    case "address":
      return parseIpv4(plain.split("/")[0]!) === undefined ? plain : plain.split("/")[0]!;
    case "words":
      return [...new Set(plain.split(/[\s,;]+/))].filter((w) => w !== "").sort(byCodeUnit).join(" ");
  }
}

// -- files, sysctls -----------------------------------------------------------------------------------------------------------

function judgeFile(f: Part<"file">, session: Session): Verdict {
  const text = readFile(session, f.node, f.path);
  const where = `${f.node}:${f.path}`;
  const parts = [f.equals === undefined ? "" : `is ${cut(f.equals)}`, f.contains === undefined ? "" : `holds ${f.contains.join(", ")}`, f.lacks === undefined ? "" : `does not hold ${f.lacks.join(", ")}`].filter((p) => p !== "");
  const expected = fact("file.expected", { where }, f.exists ? `${where} ${parts.length === 0 ? "exists" : parts.join("; ")}` : `${where} does not exist`);
  if (text === undefined) return f.exists ? failed(expected, "file.missing", { where }, `there is no file ${where}`) : passed(expected);
  if (!f.exists) return failed(expected, "file.there", { where }, "it exists");
  const right = (f.equals === undefined || lines(f.equals) === lines(text)) && (f.contains ?? []).every((c) => text.includes(c)) && !(f.lacks ?? []).some((c) => text.includes(c));
  return right ? passed(expected) : failed(expected, "file.found", { where, content: cut(text) }, cut(text));
}

function judgeSysctl(s: Part<"sysctl">, session: Session): Verdict {
  const ns = netnsOf(session, s);
  if (ns === undefined) return noNetns(s);
  const value = ns.sysctl.get(s.key)?.trim().replace(/\s+/g, " ");
  const expected = fact("sysctl.expected", { node: s.node, key: s.key }, `${s.node}: ${s.key} = ${s.equals.join(" or ")}`);
  if (value !== undefined && s.equals.includes(value)) return passed(expected);
  return failed(expected, "sysctl.found", { node: s.node, key: s.key, value: value ?? "" }, value === undefined ? `there is no ${s.key}` : `${s.key} = ${value}`);
}

// -- links, addresses ---------------------------------------------------------------------------------------------------------

function judgeLink(l: Part<"link">, session: Session): Verdict {
  const ns = netnsOf(session, l);
  if (ns === undefined) return noNetns(l);
  const { node, netns, dev, exists, ...wanted } = l;
  const asked = Object.entries(wanted).filter(([, v]) => v !== undefined);
  const where = `${node}:${dev}`;
  const expected = fact("link.expected", { where }, exists ? `${where} exists${asked.map(([k, v]) => `, ${k} ${String(v)}`).join("")}` : `there is no ${where}`);
  const link = ns.rtnl.link(dev);
  if (link === undefined) return exists ? failed(expected, "link.missing", { where, netns: netns ?? "" }, `there is no ${dev} on ${node}`) : passed(expected);
  if (!exists) return failed(expected, "link.there", { where }, "it exists");
  const is = attributes(link, namesOf(ns));
  const wrong = asked.find(([k, v]) => is[k] !== v);
  return wrong === undefined ? passed(expected) : failed(expected, "link.found", { where, attribute: wrong[0], value: String(is[wrong[0]] ?? "none") }, `${where}: ${wrong[0]} is ${String(is[wrong[0]] ?? "not known of this kind")}`);
}

function attributes(l: LinkInfo, names: (ifindex: number) => string): Record<string, string | number | boolean> {
  const all: Record<string, string | number | boolean> = { kind: l.kind, up: (l.flags & IFF.UP) !== 0, carrier: l.carrier, mtu: l.mtu, mac: formatMac(l.lladdr), master: l.master === 0 ? "none" : names(l.master) };
  if (l.bridgePort !== undefined) all.state = l.bridgePort.state;
  if (l.bridge !== undefined) {
    all.stp = l.bridge.stpState !== 0;
    all.ageing = Math.floor(l.bridge.ageingTime / 100);
    all.root = formatMac(l.bridge.rootId.subarray(2)) === formatMac(l.bridge.bridgeId.subarray(2)) && l.bridge.rootPort === 0;
  }
  const vxlan = l.attrs?.vxlan;
  if (vxlan !== undefined) Object.assign(all, { vni: vxlan.id, port: vxlan.dstport, local: vxlan.local === 0 ? "none" : formatIpv4(vxlan.local), learning: vxlan.learning });
  return all;
}

function judgeAddresses(a: Part<"addresses">, session: Session): Verdict {
  const ns = netnsOf(session, a);
  if (ns === undefined) return noNetns(a);
  const names = namesOf(ns);
  const where = a.dev === "any" ? a.node : `${a.node}:${a.dev}`;
  const addrs = ns.rtnl.addrs().filter((x) => (a.dev === "any" ? names(x.ifindex) !== "lo" : names(x.ifindex) === a.dev));
  const texts = addrs.map(formatAddr);
  const parts = [a.has.length > 0 ? a.has.join(", ") : "", a.lacks.length > 0 ? `not ${a.lacks.join(", ")}` : "", a.only === undefined ? "" : a.only.length === 0 ? "no address" : `only ${a.only.join(", ")}`];
  const expected = fact("addresses.expected", { where }, `${where}: ${parts.filter((p) => p !== "").join("; ")}`);
  const is = (text: string, pattern: string): boolean => text === pattern || (!pattern.includes("/") && text.split("/")[0] === pattern);
  const right = [...a.has, ...(a.only ?? [])].every((p) => texts.includes(p)) && !a.lacks.some((p) => texts.some((t) => is(t, p))) && (a.only === undefined || texts.every((t) => a.only!.includes(t)));
  // A device that is not there has no address; to have none is no merit then.
  const there = a.dev === "any" || ns.rtnl.link(a.dev) !== undefined;
  return right && there ? passed(expected) : failed(expected, "addresses.found", { where, addresses: texts.join(" ") }, there ? `${where}: ${listing(texts, "no address")}` : `there is no ${a.dev} on ${a.node}`);
}
