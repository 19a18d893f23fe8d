/** `ip tuntap`: tun and tap devices that stay. iproute2 6.1 ip/iptuntap.c; `ip -d link` of one: iplink_tun.c. */
import { type LinkInfo, strerror, type TunInfo } from "../../../kernel/api.ts";
import { type Args, duparg2, Fail, invarg, isIfname, Leave, matches, Refuse, unsigned } from "./args.ts";
import type { Printer } from "./print.ts";
import type { Tool } from "./tool.ts";
import { TUNTAP_USAGE } from "./usage-kinds.ts";

export function doTuntap(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "add")) return add(tool, args);
  if (matches(verb, "delete")) return remove(tool, args);
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return show(tool, args);
  if (matches(verb, "help")) throw new Leave(255, TUNTAP_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip tuntap help".\n`);
}

interface Request {
  name: string | undefined;
  type: TunInfo["type"] | undefined;
  spec: Partial<TunInfo>;
}

function owner(what: "user" | "group", text: string): number {
  if (text === "root") return 0;
  const id = unsigned(text);
  if (id === undefined) throw new Leave(255, `invalid ${what} "${text}"\n`);
  return id;
}

function parse(args: Args): Request {
  const r: Request = { name: undefined, type: undefined, spec: {} };
  while (!args.done) {
    const word = args.take();
    if (matches(word, "mode")) {
      const value = args.value();
      if (r.type !== undefined) throw new Leave(255, "You managed to ask for more than one tunnel mode.\n");
      if (value !== "" && "tun".startsWith(value)) r.type = "tun";
      else if (value !== "" && "tap".startsWith(value)) r.type = "tap";
      else throw new Leave(255, `Unknown tunnel mode "${value}"\n`);
    } else if (word === "user" || word === "group") r.spec[word] = owner(word, args.value());
    else if (matches(word, "pi")) r.spec.pi = true;
    else if (matches(word, "one_queue")) continue;
    else if (matches(word, "vnet_hdr")) r.spec.vnetHdr = true;
    else if (matches(word, "multi_queue")) throw new Refuse("ip tuntap ... multi_queue");
    else if (matches(word, "dev")) {
      const value = args.value();
      if (!isIfname(value)) invarg('"dev" not a valid ifname', value);
      r.name = value;
    } else {
      const value = matches(word, "name") ? args.value() : word;
      if (value !== "" && "help".startsWith(value)) throw new Leave(255, TUNTAP_USAGE);
      if (r.name !== undefined) duparg2("name", value);
      if (!isIfname(value)) invarg('"name" not a valid ifname', value);
      r.name = value;
    }
  }
  return r;
}

function failed(errno: "EBUSY" | "EINVAL" | "EPERM"): Fail {
  return new Fail(1, `ioctl(TUNSETIFF): ${strerror(errno)}\n`);
}

function typeOf(r: Request): TunInfo["type"] {
  if (r.type === undefined) throw new Fail(1, "You failed to specify a tunnel mode\n");
  return r.type;
}

function add(tool: Tool, args: Args): number {
  const r = parse(args);
  const type = typeOf(r);
  if (tool.proc.uid !== 0) throw failed("EPERM");
  if (r.name !== undefined && tool.link(r.name)) throw failed("EBUSY");
  const made = tool.rtnl.linkAdd({ kind: "tun", name: r.name ?? `${type}%d`, attrs: { tun: { ...r.spec, type } } });
  if (!made.ok) throw failed("EBUSY");
  return 0;
}

function remove(tool: Tool, args: Args): number {
  const r = parse(args);
  const type = typeOf(r);
  if (tool.proc.uid !== 0) throw failed("EPERM");
  const link = r.name === undefined ? undefined : tool.link(r.name);
  if (link === undefined) return 0; // made and taken away again
  if (link.attrs?.tun?.type !== type) throw failed("EINVAL");
  tool.rtnl.linkDel(link.ifindex);
  return 0;
}

function show(tool: Tool, args: Args): number {
  const r = parse(args);
  const { out } = tool;
  out.begin();
  for (const l of tool.rtnl.links()) {
    const t = l.attrs?.tun;
    if (t === undefined || (r.name !== undefined && l.name !== r.name) || (r.type !== undefined && t.type !== r.type)) continue;
    out.open();
    out.any("ifname", l.name, `${l.name}:`);
    out.openArray("flags");
    for (const [flag, on] of [[t.type, true], ["pi", t.pi], ["vnet_hdr", t.vnetHdr], ["persist", t.persist]] as const) if (on) out.item(flag, ` ${flag}`);
    out.close();
    if (t.user !== undefined) out.any("user", t.user, ` user ${t.user}`);
    if (t.group !== undefined) out.any("group", t.group, ` group ${t.group}`);
    out.fp("\n");
    if (tool.opts.details > 0) out.fp("\tAttached to processes:\n");
    out.close();
  }
  out.end();
  return 0;
}

/** "tun type tap pi off vnet_hdr off persist on ". */
export function printTun(p: Printer, l: LinkInfo): void {
  const t = l.attrs?.tun;
  if (t === undefined) return;
  p.any("type", t.type, `type ${t.type} `);
  p.onOff("pi", t.pi);
  p.onOff("vnet_hdr", t.vnetHdr);
  if (t.multiQueue) p.any("multi_queue", true, "multi_queue ");
  else p.only("multi_queue", false);
  p.onOff("persist", t.persist);
  if (t.user !== undefined) p.any("user", t.user === 0 ? "root" : String(t.user), `user ${t.user === 0 ? "root" : t.user} `);
  if (t.group !== undefined) p.any("group", t.group === 0 ? "root" : String(t.group), `group ${t.group === 0 ? "root" : t.group} `);
}
