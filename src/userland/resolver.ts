/**
 * Names for addresses, ports and protocols, as glibc finds them: /etc/nsswitch.conf says where to look, and of its sources "files" is
 * here: hosts(5), services(5), protocols(5). "dns" finds no server to ask, which is a failure for now (EAI_AGAIN), not an answer.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import { formatIpv4, parseIpv4 } from "../wire/ipv4.ts";
import { formatIpv6, parseIpv6 } from "../wire/ipv6.ts";
import type { Process } from "./process.ts";

/** As getaddrinfo(3) fails. */
export type ResolveFailure = "EAI_NONAME" | "EAI_AGAIN" | "EAI_ADDRFAMILY";

export function gaiStrerror(e: ResolveFailure): string {
  if (e === "EAI_AGAIN") return "Temporary failure in name resolution";
  return e === "EAI_NONAME" ? "Name or service not known" : "Address family for hostname not supported";
}

/** `canonical`: the name itself for a literal address. Addresses in the order they are found; IPv6 ones only when asked for. */
export type Resolved = { ok: true; canonical: string; addresses: number[]; addresses6: Uint8Array[] } | { ok: false; error: ResolveFailure };

/** Lines of a table in /etc, comments off, split at blanks. */
function table(proc: Process, path: string): string[][] {
  const read = proc.machine.fs.readFile(proc, path);
  if (!read.ok) return [];
  return decodeUtf8(read.value)
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/[ \t]+/));
}

/** inet_aton(3): one to four numbers, each decimal, octal (0) or hex (0x); the last one fills what is left. */
export function inetAton(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length > 4) return undefined;
  const numbers: number[] = [];
  for (const p of parts) {
    if (!/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(p)) return undefined;
    if (/^0[0-9]/.test(p) && /[89]/.test(p)) return undefined;
    numbers.push(/^0[xX]/.test(p) ? Number.parseInt(p.slice(2), 16) : p.startsWith("0") && p.length > 1 ? Number.parseInt(p, 8) : Number(p));
  }
  const last = numbers.pop()!;
  let room = 0x1_0000_0000;
  let address = 0;
  for (const n of numbers) {
    if (n > 255) return undefined;
    room /= 256;
    address += n * room;
  }
  return last < room ? address + last : undefined;
}

/** Sources of a database, in order: "files dns". */
function sources(proc: Process, database: string): string[] {
  for (const [name, ...rest] of table(proc, "/etc/nsswitch.conf")) {
    const [first, attached] = name!.split(":");
    if (first === database && name!.includes(":")) return [...(attached ? [attached] : []), ...rest].filter((s) => !s.startsWith("["));
  }
  return database === "hosts" ? ["dns", "files"] : ["files"];
}

/** A host's addresses. */
export function resolveHost(proc: Process, name: string): Resolved {
  const literal = inetAton(name);
  if (literal !== undefined) return { ok: true, canonical: name, addresses: [literal], addresses6: [] };
  const literal6 = name.includes(":") ? parseIpv6(name.split("%")[0]!) : undefined;
  if (literal6) return { ok: true, canonical: name, addresses: [], addresses6: [literal6] };
  if (name === "" || name.length > 253 || name.includes("..") || name.startsWith(".") || /[^A-Za-z0-9._-]/.test(name)) return { ok: false, error: "EAI_NONAME" };
  let error: ResolveFailure = "EAI_NONAME";
  for (const source of sources(proc, "hosts")) {
    if (source === "dns") error = "EAI_AGAIN";
    if (source !== "files") continue;
    const found = inHosts(proc, name);
    if (found.ok) return found;
  }
  return { ok: false, error };
}

function inHosts(proc: Process, name: string): Resolved {
  const wanted = lower(name);
  let canonical: string | undefined;
  const addresses: number[] = [];
  const addresses6: Uint8Array[] = [];
  for (const [address, ...names] of table(proc, "/etc/hosts")) {
    if (!names.some((n) => lower(n) === wanted)) continue;
    const a = parseIpv4(address!);
    const a6 = a === undefined ? parseIpv6(address!) : undefined;
    if (a !== undefined) addresses.push(a);
    else if (a6) addresses6.push(a6);
    else continue;
    canonical ??= names[0]!;
  }
  return canonical === undefined ? { ok: false, error: "EAI_NONAME" } : { ok: true, canonical, addresses, addresses6 };
}

const lower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));

/** The first name of an address in /etc/hosts. */
export function hostOf(proc: Process, address: number): string | undefined {
  return nameOf(proc, formatIpv4(address));
}

export function hostOf6(proc: Process, address: Uint8Array): string | undefined {
  return nameOf(proc, formatIpv6(address));
}

function nameOf(proc: Process, text: string): string | undefined {
  if (!sources(proc, "hosts").includes("files")) return undefined;
  return table(proc, "/etc/hosts").find(([address]) => address === text)?.[1];
}

export interface Service {
  name: string;
  port: number;
  protocol: string;
}

/** /etc/services, a line each, in its order; aliases are names of their own. */
export function services(proc: Process): Service[] {
  return table(proc, "/etc/services").flatMap(([name, where, ...aliases]) => {
    const m = /^([0-9]+)\/([a-z0-9]+)$/.exec(where ?? "");
    if (!m) return [];
    return [name!, ...aliases].map((n) => ({ name: n, port: Number(m[1]), protocol: m[2]! }));
  });
}

export function serviceByPort(proc: Process, port: number, protocol: "tcp" | "udp"): string | undefined {
  return services(proc).find((s) => s.port === port && s.protocol === protocol)?.name;
}

export function serviceByName(proc: Process, name: string, protocol?: "tcp" | "udp"): number | undefined {
  return services(proc).find((s) => s.name === name && (protocol === undefined || s.protocol === protocol))?.port;
}

/** /etc/protocols: "icmp" → 1. */
export function protocolByName(proc: Process, name: string): number | undefined {
  const line = table(proc, "/etc/protocols").find(([first, , ...aliases]) => first === name || aliases.includes(name));
  const number = line?.[1];
  return number !== undefined && /^[0-9]+$/.test(number) ? Number(number) : undefined;
}
