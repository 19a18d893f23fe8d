/** What ndisc6 and rdisc6 share: options, sending a solicitation and waiting for what answers. ndisc6 1.0.5, Debian 12. */
import { type LinkInfo, type Raw6Sock, type Received6, strerror } from "../../../kernel/api.ts";
import { MILLISECOND } from "../../../sim/time.ts";
import { formatMac } from "../../../wire/ethernet.ts";
import { formatIpv6, parseIpv6 } from "../../../wire/ipv6.ts";
import { getopt } from "../../getopt.ts";
import type { Process, Run } from "../../process.ts";

const ICMPV6 = 58;
const HOP_LIMIT = 255;

export interface SolicitOptions {
  single: boolean; multiple: boolean; solicit: boolean; quiet: boolean; retry: number; wait: number; source: Uint8Array | undefined;
  operands: string[];
}

const LONGS = { single: "1", "no-solicit": "d", help: "h", multiple: "m", numeric: "n", quiet: "q", retry: "r:", source: "s:", version: "V", verbose: "v", wait: "w:" } as const;

/** The options; or what to print and the status. */
export function parseSolicit(args: readonly string[], usage: string, version: string): SolicitOptions | { text: string; status: number } {
  const given = getopt(args, "1dhmnqr:s:Vvw:", LONGS);
  const o: SolicitOptions = { single: false, multiple: false, solicit: true, quiet: false, retry: 3, wait: 1000, source: undefined, operands: given.operands };
  if (given.error !== undefined) return { text: `${given.error}\n${usage}`, status: 1 };
  for (const { key, value = "" } of given.options) {
    if (key === "1") o.single = true;
    else if (key === "m") o.multiple = true;
    else if (key === "d") o.solicit = false;
    else if (key === "q") o.quiet = true;
    else if (key === "v") o.quiet = false;
    else if (key === "h") return { text: usage, status: 0 };
    else if (key === "V") return { text: version, status: 0 };
    else if (key === "s") {
      o.source = parseIpv6(value);
      if (o.source === undefined) return { text: `${value}: Name or service not known\n`, status: 1 };
    } else if (key === "r" || key === "w") {
      if (!/^[0-9]+$/.test(value)) return { text: usage, status: 1 };
      if (key === "r") o.retry = Number(value);
      else o.wait = Number(value);
    }
  }
  return o;
}

export interface Discovery {
  target: Uint8Array;
  to: Uint8Array;
  message: Uint8Array;
  answerType: number;
  /** What is printed of an answer; undefined: it is none. */
  show(r: Received6): string | undefined;
}

/** @returns the exit status: 0 somebody answered, 2 nobody, 1 something went wrong. */
export function* discover(proc: Process, o: SolicitOptions, link: LinkInfo, d: Discovery): Run<number> {
  const sock = proc.netns.raw6(ICMPV6);
  try {
    sock.set({ bindToDevice: link.ifindex, hoplimit: HOP_LIMIT, multicastHops: HOP_LIMIT });
    sock.setFilter([d.answerType]);
    if (o.source !== undefined) {
      const e = sock.bind(o.source, link.ifindex);
      if (e !== undefined) {
        yield* proc.warn(`${formatIpv6(o.source)}: ${strerror(e)}\n`);
        return 1;
      }
    }
    if (!o.quiet) {
      const text = formatIpv6(d.target);
      yield* proc.print(`Soliciting ${text} (${text}) on ${link.name}...\n`);
    }
    return yield* attempts(proc, o, link, d, sock);
  } finally {
    sock.close();
  }
}

function* attempts(proc: Process, o: SolicitOptions, link: LinkInfo, d: Discovery, sock: Raw6Sock): Run<number> {
  for (let tries = o.retry; tries > 0; tries--) {
    if (o.solicit) {
      const sent = sock.send(d.message, d.to, link.ifindex);
      if (typeof sent === "string") {
        yield* proc.warn(`Sending ICMPv6 packet: ${strerror(sent)}\n`);
        return 1;
      }
    }
    const found = yield* listen(proc, o, d, sock);
    if (found > 0) return 0;
    if (!o.quiet) yield* proc.print("Timed out.\n");
  }
  if (!o.quiet) yield* proc.print("No response.\n");
  return 2;
}

function* listen(proc: Process, o: SolicitOptions, d: Discovery, sock: Raw6Sock): Run<number> {
  const until = proc.now + o.wait * MILLISECOND;
  let found = 0;
  while (proc.now < until) {
    const r = sock.recv();
    if (typeof r === "string") {
      yield { read: [sock], until };
      continue;
    }
    const text = r.hoplimit === HOP_LIMIT ? d.show(r) : undefined;
    if (text === undefined) continue;
    found++;
    yield* proc.print(text);
    if (!o.quiet) yield* proc.print(` from ${formatIpv6(r.from)}\n`);
    if (o.single) break;
  }
  return found;
}

/** The MAC of a link-layer address option at `at`. */
export function optionMac(b: Uint8Array, at: number): string {
  // %02X between colons
  return formatMac(b.subarray(at + 2, at + 8)).replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
}

/** "1234 (0x000004d2) seconds" behind a name. */
export function seconds(value: number): string {
  const hex = `(0x${value.toString(16).padStart(8, "0")})`;
  return value === 0xffffffff ? `    infinite ${hex}` : `${String(value).padStart(12)} ${hex} seconds`;
}

export function milliseconds(value: number): string {
  const hex = `(0x${value.toString(16).padStart(8, "0")})`;
  return value === 0 ? ` unspecified ${hex}` : `${String(value).padStart(12)} ${hex} milliseconds`;
}

export function sourceOption(mac: Uint8Array): number[] {
  return [1, 1, ...mac];
}
