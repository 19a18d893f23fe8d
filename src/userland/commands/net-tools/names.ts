/** Names and addresses as net-tools reads and shows them: /etc/hosts and /etc/networks, there being no name server. */
import { decodeUtf8 } from "../../../base/bytes.ts";
import type { Ipv4 } from "../../../kernel/api.ts";
import { formatIpv4, parseIpv4 } from "../../../wire/ipv4.ts";
import type { Process } from "../../process.ts";

/** hstrerror(3) of a host that cannot be found: what looks like an address is known not to be one. */
export function hostError(name: string): string {
  return `${name}: ${/^[\d.]+$/.test(name) ? "Unknown host" : "Host name lookup failure"}`;
}

/** Lines of `path` without comments, in words. */
function words(proc: Process, path: string): string[][] {
  const read = proc.machine.fs.readFile(proc, path);
  if (!read.ok) return [];
  return decodeUtf8(read.value).split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/)).filter((w) => w.length >= 2);
}

const sameName = (a: string, b: string): boolean => lower(a) === lower(b);

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
}

/** gethostbyname(3): an address, or the first line of /etc/hosts with this name. */
export function hostAddress(proc: Process, name: string): Ipv4 | undefined {
  const literal = parseIpv4(name);
  if (literal !== undefined) return literal;
  for (const [address = "", ...names] of words(proc, "/etc/hosts")) {
    const found = parseIpv4(address);
    if (found !== undefined && names.some((n) => sameName(n, name))) return found;
  }
  return undefined;
}

/** gethostbyaddr(3): the first name of the first line with this address. */
export function hostName(proc: Process, address: Ipv4): string | undefined {
  return words(proc, "/etc/hosts").find(([a = ""]) => parseIpv4(a) === address)?.[1];
}

/** getnetbyname(3). A network's number may leave out its trailing zeros. */
export function networkAddress(proc: Process, name: string): Ipv4 | undefined {
  const line = words(proc, "/etc/networks").find(([first = "", , ...aliases]) => [first, ...aliases].some((n) => sameName(n, name)));
  return line && parseNetwork(line[1]!);
}

export function networkName(proc: Process, address: Ipv4): string | undefined {
  return words(proc, "/etc/networks").find(([, number = ""]) => parseNetwork(number) === address)?.[0];
}

function parseNetwork(text: string): Ipv4 | undefined {
  return parseIpv4([...text.split("."), "0", "0", "0"].slice(0, 4).join("."));
}

/** An address as a listing shows it: its name unless `numeric`. */
export function showHost(proc: Process, address: Ipv4, numeric: boolean): string {
  return (numeric ? undefined : hostName(proc, address)) ?? formatIpv4(address);
}
