/** Names and addresses as net-tools reads and shows them. */
import { decodeUtf8 } from "../../../base/bytes.ts";
import type { Ipv4 } from "../../../kernel/api.ts";
import { formatIpv4, parseIpv4 } from "../../../wire/ipv4.ts";
import type { Process } from "../../process.ts";
import { hostOf, resolveHost } from "../../resolver.ts";

/** hstrerror(3) of a host that cannot be found: what looks like an address is known not to be one. */
export function hostError(name: string): string {
  return `${name}: ${/^[\d.]+$/.test(name) ? "Unknown host" : "Host name lookup failure"}`;
}

/** gethostbyname(3). */
export function hostAddress(proc: Process, name: string): Ipv4 | undefined {
  const found = resolveHost(proc, name);
  return found.ok ? found.addresses[0] : undefined;
}

/** Lines of /etc/networks: a name, a number, other names. */
function networks(proc: Process): string[][] {
  const read = proc.machine.fs.readFile(proc, "/etc/networks");
  if (!read.ok) return [];
  return decodeUtf8(read.value).split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/)).filter((w) => w.length >= 2);
}

/** getnetbyname(3). A network's number may leave out its trailing zeros. */
export function networkAddress(proc: Process, name: string): Ipv4 | undefined {
  const line = networks(proc).find(([first, , ...aliases]) => first === name || aliases.includes(name));
  return line && parseNetwork(line[1]!);
}

export function networkName(proc: Process, address: Ipv4): string | undefined {
  return networks(proc).find(([, number = ""]) => parseNetwork(number) === address)?.[0];
}

function parseNetwork(text: string): Ipv4 | undefined {
  return parseIpv4([...text.split("."), "0", "0", "0"].slice(0, 4).join("."));
}

/** An address as a listing shows it: its name unless `numeric`. */
export function showHost(proc: Process, address: Ipv4, numeric: boolean): string {
  return (numeric ? undefined : hostOf(proc, address)) ?? formatIpv4(address);
}
