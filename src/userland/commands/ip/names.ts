/**
 * Names of tables, protocols, scopes, groups and DS fields: what Debian 12 ships, and the files of /etc/iproute2 over it, read when
 * first needed.
 */
import { decodeUtf8 } from "../../../base/bytes.ts";
import type { Process } from "../../process.ts";
import { integer, unsigned } from "./args.ts";

type Table = readonly (readonly [number, string])[];

const TABLES: Table = [[0, "unspec"], [253, "default"], [254, "main"], [255, "local"]];
const PROTOS: Table = [
  [0, "unspec"], [1, "redirect"], [2, "kernel"], [3, "boot"], [4, "static"], [8, "gated"], [9, "ra"], [10, "mrt"], [11, "zebra"], [12, "bird"], [13, "dnrouted"],
  [14, "xorp"], [15, "ntk"], [16, "dhcp"], [18, "keepalived"], [42, "babel"], [99, "openr"], [186, "bgp"], [187, "isis"], [188, "ospf"], [189, "rip"], [192, "eigrp"],
];
const SCOPES: Table = [[0, "global"], [200, "site"], [253, "link"], [254, "host"], [255, "nowhere"]];
const GROUPS: Table = [[0, "default"]];
const DSFIELDS: Table = [
  [0, "default"], [0x28, "AF11"], [0x30, "AF12"], [0x38, "AF13"], [0x48, "AF21"], [0x50, "AF22"], [0x58, "AF23"], [0x68, "AF31"], [0x70, "AF32"], [0x78, "AF33"],
  [0x88, "AF41"], [0x90, "AF42"], [0x98, "AF43"], [0x20, "CS1"], [0x40, "CS2"], [0x60, "CS3"], [0x80, "CS4"], [0xa0, "CS5"], [0xc0, "CS6"], [0xe0, "CS7"], [0xb8, "EF"],
];
/** /etc/protocols, those a reader may meet. */
const IPPROTOS: Table = [
  [0, "ip"], [1, "icmp"], [2, "igmp"], [3, "ggp"], [4, "ipencap"], [5, "st"], [6, "tcp"], [8, "egp"], [9, "igp"], [12, "pup"], [17, "udp"], [41, "ipv6"], [46, "rsvp"],
  [47, "gre"], [50, "esp"], [51, "ah"], [58, "ipv6-icmp"], [88, "eigrp"], [89, "ospf"], [94, "ipip"], [103, "pim"], [112, "vrrp"], [115, "l2tp"], [132, "sctp"], [136, "udplite"],
];

type Reader = (path: string) => string | undefined;

/** Lines "number name"; a number may be hexadecimal, # begins a comment. */
function parseTable(text: string): Table {
  const out: [number, string][] = [];
  for (const line of text.split("\n")) {
    const m = /^[ \t]*(0x[0-9a-fA-F]+|\d+)[ \t]+([^ \t#]+)/.exec(line);
    if (m) out.push([Number(m[1]), m[2]!]);
  }
  return out;
}

/** One file's pairs, looked up either way; of two names for a number the later one counts. */
class Pairs {
  private readonly byId = new Map<number, string>();
  private readonly byName = new Map<string, number>();
  constructor(table: Table) {
    for (const [id, name] of table) {
      this.byId.set(id, name);
      if (!this.byName.has(name)) this.byName.set(name, id);
    }
  }
  name(id: number): string | undefined {
    return this.byId.get(id);
  }
  id(name: string): number | undefined {
    return this.byName.get(name);
  }
}

export class Names {
  /** -N: numbers stay numbers. */
  numeric = false;
  private readonly read: Reader;
  private readonly loaded = new Map<string, Pairs>();

  constructor(read: Reader = () => undefined) {
    this.read = read;
  }

  private pairs(file: string, fallback: Table, more?: string): Pairs {
    let p = this.loaded.get(file);
    if (!p) {
      const text = this.read(`/etc/iproute2/${file}`);
      const extra = more === undefined ? undefined : this.read(more);
      p = new Pairs([...fallback, ...parseTable(text ?? ""), ...parseTable(extra ?? "")]);
      this.loaded.set(file, p);
    }
    return p;
  }

  private show(p: Pairs, id: number): string {
    return (this.numeric ? undefined : p.name(id)) ?? String(id);
  }

  private get tables(): Pairs {
    return this.pairs("rt_tables", TABLES, "/etc/iproute2/rt_tables.d/");
  }
  table(id: number): string {
    return this.show(this.tables, id);
  }
  tableId(text: string): number | undefined {
    return this.tables.id(text) ?? unsigned(text);
  }

  private get protos(): Pairs {
    return this.pairs("rt_protos", PROTOS, "/etc/iproute2/rt_protos.d/");
  }
  proto(id: number): string {
    return this.show(this.protos, id);
  }
  protoId(text: string): number | undefined {
    return this.protos.id(text) ?? unsigned(text, 255);
  }

  private get scopes(): Pairs {
    return this.pairs("rt_scopes", SCOPES);
  }
  scope(id: number): string {
    return this.show(this.scopes, id);
  }
  scopeId(text: string): number | undefined {
    return this.scopes.id(text) ?? unsigned(text, 255);
  }

  private get groups(): Pairs {
    return this.pairs("group", GROUPS);
  }
  group(id: number): string {
    return this.show(this.groups, id);
  }
  groupId(text: string): number | undefined {
    return this.groups.id(text) ?? integer(text);
  }

  private get dsfields(): Pairs {
    return this.pairs("rt_dsfield", DSFIELDS);
  }
  dsfield(id: number): string {
    return (this.numeric ? undefined : this.dsfields.name(id)) ?? `0x${id.toString(16).padStart(2, "0")}`;
  }
  dsfieldId(text: string): number | undefined {
    return this.dsfields.id(text) ?? unsigned(text, 255, 16);
  }

  ipproto(id: number): string {
    return (this.numeric ? undefined : IPPROTO_PAIRS.name(id)) ?? `ipproto-${id}`;
  }
  ipprotoId(text: string): number | undefined {
    return unsigned(text, 255, 10) ?? IPPROTO_PAIRS.id(text);
  }
}

const IPPROTO_PAIRS = new Pairs(IPPROTOS);

/** A path that ends in "/" stands for its *.conf files, one after the other. */
export function namesOf(proc: Process): Names {
  const { fs } = proc.machine;
  const file = (path: string): string | undefined => {
    const got = fs.readFile(proc, path);
    return got.ok ? decodeUtf8(got.value) : undefined;
  };
  return new Names((path) => {
    if (!path.endsWith("/")) return file(path);
    const dir = fs.readdir(path.slice(0, -1));
    if (!dir.ok) return undefined;
    return dir.value.filter((n) => n.endsWith(".conf") && n.length > 5 && !n.startsWith(".")).map((n) => file(path + n) ?? "").join("\n");
  });
}
