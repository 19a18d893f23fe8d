/** IPv4 addresses among the options of a tunnel: get_addr(), which refuses by itself what is none. */
import { dottedQuad, Leave, Refuse } from "./args.ts";
import { isIpv6 } from "./prefix.ts";

/** 0 for "any" and "default". */
export function ipv4Arg(text: string): number {
  if (text === "any" || text === "all" || text === "default") return 0;
  if (text.includes(":") && isIpv6(text)) throw new Refuse(`ip link ... ${text}`);
  const a = dottedQuad(text);
  if (a === undefined) throw new Leave(1, `Error: any valid address is expected rather than "${text}".\n`);
  return a;
}
