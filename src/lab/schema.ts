/**
 * The lab format, version 1, as docs/lab-format.md describes it. Strict: a misspelt key is an error, never a default.
 * `Lab` is what stands in lab.yaml after the seed's values were put in (template.ts); the type is never written twice.
 */
import { z } from "zod";

// Without this zod tries to compile code at run time, which the pages' content security policy forbids and reports.
z.config({ jitless: true });

// -- limits: reliability.md 5 (hostile files) and 6 (limits) --------------------------------------------------------------
export const LIMITS = {
  /** Octets of all files of a lab folder together. */
  labOctets: 1 << 20,
  submissionOctets: 2 << 20,
  depth: 32,
  keys: 10_000,
  stringOctets: 64 << 10,
  files: 64,
  nodes: 200,
  cables: 2_000,
  tasks: 40,
  checks: 200,
  logEntries: 20_000,
} as const;

// -- words ----------------------------------------------------------------------------------------------------------------
export const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
const IFNAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const PREFIX = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\/(?:3[0-2]|[12]?\d)$/;
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

export const Name = z.string().regex(NAME, "must be a name: a-z, 0-9, '.', '_', '-', at most 63, starting and ending with a letter or digit");
const Ifname = z.string().regex(IFNAME, "must be an interface name, at most 15 characters");
const Ipv4Text = z.string().regex(IPV4, "must be an IPv4 address");
const PrefixText = z.string().regex(PREFIX, "must be an IPv4 prefix such as 10.0.1.0/24");
const MacText = z.string().regex(MAC, "must be a MAC address in lower case, aa:bb:cc:dd:ee:ff");
const AbsolutePath = z.string().regex(/^\/[^\u0000]*$/, "must be an absolute path").max(255);
const Port = z.int().min(1).max(65535);
/** Text in which a number may stand, because "${a}" alone gives one, and `true`, which is a command. */
const Text = z.union([z.string(), z.number(), z.boolean()], { error: "must be text" }).transform(String).pipe(z.string().max(LIMITS.stringOctets));
const Line = Text.pipe(z.string().min(1, "must not be empty").regex(/^[^\r\n]*$/, "must be one line"));
/** "h1:eth0"; a cable is named by either of its ends. */
const Interface = z.string().regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?:[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/, "must be NODE:INTERFACE, such as h1:eth0");
const Seconds = z.number().min(0).max(86_400);

const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item.transform((v) => [v]), z.array(item).min(1)]);

// -- units ----------------------------------------------------------------------------------------------------------------
/** "10us" -> nanoseconds. */
const Duration = z
  .string()
  .regex(/^\d{1,6}(?:\.\d{1,3})?(?:ns|us|ms|s)$/, "must be a time such as 500ns, 10us, 1.5ms or 2s")
  .transform((text) => {
    const unit = /[a-z]+$/.exec(text)![0];
    return Math.round(Number.parseFloat(text) * { ns: 1, us: 1_000, ms: 1_000_000, s: 1_000_000_000 }[unit as "ns" | "us" | "ms" | "s"]);
  });
/** "100mbit" -> bits per second. */
const Rate = z
  .string()
  .regex(/^\d{1,6}(?:k|m|g)?bit$/, "must be a rate such as 10mbit or 1gbit")
  .transform((text) => {
    const unit = /[a-z]+$/.exec(text)![0];
    return Number.parseInt(text, 10) * { bit: 1, kbit: 1_000, mbit: 1_000_000, gbit: 1_000_000_000 }[unit as "bit" | "kbit" | "mbit" | "gbit"];
  });
/** "2.5%" -> frames of a million. */
const Loss = z
  .string()
  .regex(/^(?:100|\d{1,2}(?:\.\d{1,4})?)%$/, "must be a share such as 5% or 0.1%")
  .transform((text) => Math.round(Number.parseFloat(text) * 10_000));

// -- conditions and changes ----------------------------------------------------------------------------------------------
/** Parameter, or a member of one, to the value or values under which the thing exists: {fault.name: [down, mask]}. */
const When = z.record(z.string().min(1).max(100), oneOrMore(Text));

const change = { when: When.optional() };
/** One step that changes a network: of `prepare`, of a check's `if` and `during`. */
export const Change = z.union(
  [
    /** Runs a line in `sh` as root in /root and waits for its end, at most `within` seconds. */
    z.strictObject({ ...change, on: Name, run: Line, within: Seconds.default(60) }),
    /** The same, left running. */
    z.strictObject({ ...change, on: Name, start: Line }),
    /** Virtual time passes, in seconds. */
    z.strictObject({ ...change, idle: Seconds }),
    /** Unplugs or replugs a cable, named by one of its ends: both ends lose or find the carrier. */
    z.strictObject({ ...change, cut: Interface }),
    z.strictObject({ ...change, restore: Interface }),
    /** Ctrl-C for what runs in the foreground of the learner's terminals, so that silence is silence. */
    z.strictObject({ ...change, interrupt: z.union([z.literal("all"), Name]) }),
    /** Empties tables as `ip neigh flush all` does, permanent entries stay; of a bridge: its learnt entries. */
    z.strictObject({ ...change, flush: z.enum(["neigh", "fdb"]), on: z.union([z.literal("all"), Name]) }),
  ],
  { error: "must be one of {on, run, within?}, {on, start}, {idle}, {cut}, {restore}, {interrupt}, {flush, on}, each with or without `when`" },
);
export type Change = z.infer<typeof Change>;

// -- network --------------------------------------------------------------------------------------------------------------
const FileContent = z.union([Text.transform((text) => ({ text, mode: "0644" })), z.strictObject({ text: Text, mode: z.string().regex(/^0[0-7]{3}$/, "must be four octal digits such as 0755").default("0644") })]);

export const Node = z.strictObject({
  /** A router forwards (net.ipv4.ip_forward=1); host and switch differ in their drawing only. */
  kind: z.enum(["host", "router", "switch"]),
  /** Where it is drawn: column and row, from 0; halves are allowed. */
  at: z.tuple([z.number().min(0).max(20), z.number().min(0).max(20)]),
  /** A second line in the drawing, such as its address. */
  sub: Text.optional(),
  sysctls: z.record(z.string().regex(/^[a-z0-9_]+(?:\.[A-Za-z0-9_/-]+)+$/, "must be a sysctl name such as net.ipv4.ip_forward"), Text).default({}),
  /** Whether IPv6 is on; not given: as the lab says. */
  ipv6: z.boolean().optional(),
  files: z.record(AbsolutePath, FileContent).default({}),
  /** Ethernet interfaces without a cable. */
  ports: z.array(Ifname).default([]),
  /** Lines for `sh`, run in order before the learner gets a prompt. One that fails is a fault of the lab. */
  start: z.array(z.union([Line.transform((run) => ({ run, when: undefined })), z.strictObject({ run: Line, when: When.optional() })])).default([]),
});

const CableOptions = z.strictObject({
  delay: Duration.default(1_000),
  rate: Rate.default(1_000_000_000),
  /** Frames that wait at each end. */
  queue: z.int().min(1).max(100_000).default(1_000),
  loss: Loss.default(0),
  mtu: z.int().min(68).max(9_216).default(1_500),
  /** MACs of the two ends; not given, the seed draws them. */
  macs: z.tuple([MacText, MacText]).optional(),
  /** Lies there unplugged when the lab starts. */
  cut: z.boolean().default(false),
});
export const Cable = z
  .tuple([Interface, Interface], CableOptions)
  .transform(([a, b, ...rest], ctx) => {
    if (rest.length > 1) ctx.addIssue({ code: "custom", message: "must be [end, end] or [end, end, {options}]" });
    return { ends: [a, b] as [string, string], ...(rest[0] ?? CableOptions.parse({})) };
  });
export type Cable = z.infer<typeof Cable>;

// -- checks ---------------------------------------------------------------------------------------------------------------
export const REACH_RESULTS = ["ok", "timeout", "net-unreachable", "host-unreachable", "port-unreachable", "protocol-unreachable", "frag-needed", "prohibited", "ttl-exceeded", "no-route", "other-error"] as const;
export type ReachResult = (typeof REACH_RESULTS)[number];

const probe = {
  /** ping: ICMP echo. udp: a datagram that somebody must answer. arp: who-has on the wire of `dev`. */
  with: z.enum(["ping", "udp", "arp"]).default("ping"),
  /** Of udp. */
  port: Port.optional(),
  /** Of arp, or to bind the probe to an interface. */
  dev: Ifname.optional(),
  /** Source address. */
  source: Ipv4Text.optional(),
  /** Octets of payload. */
  size: z.int().min(0).max(65_507).default(56),
  ttl: z.int().min(1).max(255).optional(),
  /** Forbids fragments. */
  df: z.boolean().default(false),
  /** Name of a network namespace on the node. */
  netns: z.string().max(63).optional(),
};
const count = z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() }).refine((c) => c.min !== undefined || c.max !== undefined, "must have min, max or both");

const check = {
  id: Name,
  /** The check exists only in variants of which this is true. */
  when: When.optional(),
  /** The copy is changed so, in this order, before the check is made. */
  if: z.array(Change).max(40).default([]),
};

const Reach = z.strictObject({
  ...check,
  kind: z.literal("reach"),
  ...probe,
  from: Name.optional(),
  to: Ipv4Text.optional(),
  /** Node to the address it has: every one must reach every other. Instead of from and to. */
  between: z.record(Name, Ipv4Text).optional(),
  expect: z.enum(REACH_RESULTS).default("ok"),
  /** Who sends the expected error. */
  by: Ipv4Text.optional(),
  /** Of arp: the MAC that must be in the answer, and no other. */
  mac: MacText.optional(),
  /** Probes sent, one a second, until the first that gives what is expected. */
  tries: z.int().min(1).max(100).default(3),
  /** An answer counts until so many seconds after its probe. */
  within: Seconds.default(1),
});

const RoutePattern = z.strictObject({
  to: z.union([z.literal("default"), PrefixText]).optional(),
  via: Ipv4Text.optional(),
  dev: Ifname.optional(),
  src: Ipv4Text.optional(),
  type: z.enum(["unicast", "unreachable", "prohibit", "blackhole", "throw", "local"]).optional(),
  metric: z.int().min(0).max(0xffff_ffff).optional(),
});
const NeighPattern = z.strictObject({
  address: Ipv4Text.optional(),
  dev: Ifname.optional(),
  mac: MacText.optional(),
  state: oneOrMore(z.enum(["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT"])).optional(),
});
const FdbPattern = z.strictObject({
  mac: MacText.optional(),
  port: Ifname.optional(),
  state: oneOrMore(z.enum(["dynamic", "static", "permanent"])).optional(),
  /** Of a VXLAN: where its frames go. */
  dst: Ipv4Text.optional(),
});
const table = <T extends z.ZodType>(pattern: T) => ({
  ...check,
  node: Name,
  netns: z.string().max(63).optional(),
  /** Entries of this interface only. */
  dev: Ifname.optional(),
  /** Each is matched by an entry. */
  has: z.array(pattern).default([]),
  /** None is matched by an entry. */
  lacks: z.array(pattern).default([]),
  /** Each is matched, and each entry matches one. */
  only: z.array(pattern).optional(),
});
const Route = z.strictObject({
  ...table(RoutePattern),
  kind: z.literal("route"),
  table: z.union([z.enum(["main", "local", "default"]), z.int().min(1).max(0xffff_ffff)]).default("main"),
  /** What `ip route get` must answer. */
  get: z.array(z.strictObject({ to: Ipv4Text, from: Ipv4Text.optional(), via: Ipv4Text.optional(), dev: Ifname.optional(), src: Ipv4Text.optional(), type: z.enum(["unicast", "unreachable", "prohibit", "blackhole", "local", "none"]).optional() })).default([]),
});
/** Entries in use: those without an address (FAILED, INCOMPLETE) count only where `state` asks for them. */
const Neigh = z.strictObject({ ...table(NeighPattern), kind: z.literal("neigh") });
/** Entries of bridges for other stations; the bridge's own MACs count only where `state: permanent` asks for them. */
const Fdb = z.strictObject({ ...table(FdbPattern), kind: z.literal("fdb"), bridge: Ifname.optional() });

const Capture = z.strictObject({
  ...check,
  kind: z.literal("capture"),
  /** Interfaces or cables: NODE:INTERFACE. An end of a cable stands for the cable. "cables": each of them. */
  on: z.union([z.literal("cables"), oneOrMore(Interface)]).optional(),
  /** Instead of `on`: a pcap or pcapng file that the learner wrote. */
  file: z.strictObject({ node: Name, path: AbsolutePath }).optional(),
  /** In tcpdump's language. Everything, when it is empty. */
  filter: Text.default(""),
  /** Whose frames count: those that leave the first-named end ("out"), or arrive there. */
  direction: z.enum(["in", "out", "any"]).default("any"),
  /** Frames since the session's start count too, not only those of `during`. */
  since: z.enum(["start", "now"]).default("now"),
  /** Done while the capture runs. */
  during: z.array(Change).max(40).default([]),
  /** How many frames match: at each place. */
  count,
  /** How many do not match. */
  others: count.optional(),
});

const STAGES = ["xmit", "receive", "bridge", "fdb", "stp", "arp", "neigh", "route", "rule", "rp_filter", "forward", "fragment", "reassemble", "deliver", "socket", "icmp", "cable", "program", "vlan", "macvlan", "tunnel", "bond"] as const;
const Point = z
  .strictObject({ node: Name.optional(), dev: Ifname.optional(), stage: z.enum(STAGES).optional(), verdict: z.enum(["pass", "drop", "queue", "flood", "consume", "clone", "learn", "reply"]).optional() })
  .refine((p) => Object.keys(p).length > 0, "must have one of node, dev, stage, verdict");
const Walk = z.strictObject({
  ...check,
  kind: z.literal("walk"),
  ...probe,
  from: Name,
  to: Ipv4Text,
  /** Whose way is looked at: the probe's, its answer's, or each of them. */
  way: z.enum(["there", "back", "both"]).default("there"),
  /** Points passed, in this order; others may lie between. */
  passes: z.array(Point).default([]),
  avoids: z.array(Point).default([]),
  /** Routers that forward it, at most. */
  routers: count.optional(),
});

/** A value the engine works out: what a command prints on the lab as this seed gives it (`state: start`) or as it is now. */
const Wanted = z.union([
  Text.transform((text) => ({ text })),
  z.strictObject({ on: Name, run: Line, state: z.enum(["start", "now"]).default("start"), if: z.array(Change).max(40).default([]) }),
]);
const Config = z.strictObject({
  ...check,
  kind: z.literal("config"),
  /** What `answer KEY VALUE` wrote. */
  answer: z.strictObject({ key: Name, node: Name.optional(), equals: oneOrMore(Wanted), as: z.enum(["text", "number", "mac", "address", "words"]).default("text") }).optional(),
  file: z.strictObject({ node: Name, path: AbsolutePath, exists: z.boolean().default(true), equals: Text.optional(), contains: oneOrMore(Text).optional(), lacks: oneOrMore(Text).optional() }).optional(),
  sysctl: z.strictObject({ node: Name, netns: z.string().max(63).optional(), key: z.string(), equals: oneOrMore(Text) }).optional(),
  link: z
    .strictObject({
      node: Name, netns: z.string().max(63).optional(), dev: Ifname, exists: z.boolean().default(true), kind: z.enum(["loopback", "ethernet", "veth", "bridge", "dummy", "vlan", "vxlan"]).optional(), up: z.boolean().optional(),
      carrier: z.boolean().optional(), mtu: z.int().optional(), mac: MacText.optional(), master: z.union([z.literal("none"), Ifname]).optional(), stp: z.boolean().optional(), ageing: z.int().optional(),
      state: z.enum(["disabled", "listening", "learning", "forwarding", "blocking"]).optional(), root: z.boolean().optional(),
      /** Of a VXLAN: its number, its UDP port, the address it sends from, whether it learns. */
      vni: z.int().optional(), port: Port.optional(), local: Ipv4Text.optional(), learning: z.boolean().optional(),
    })
    .optional(),
  addresses: z
    .strictObject({ node: Name, netns: z.string().max(63).optional(), dev: z.union([z.literal("any"), Ifname]), has: z.array(PrefixText).default([]), lacks: z.array(z.union([PrefixText, Ipv4Text])).default([]), only: z.array(PrefixText).optional() })
    .optional(),
});

const Output = z.strictObject({
  ...check,
  kind: z.literal("output"),
  on: Name,
  run: Line,
  within: Seconds.default(60),
  exit: z.int().min(0).max(255).optional(),
  equals: Text.optional(),
  contains: oneOrMore(Text).optional(),
  lacks: oneOrMore(Text).optional(),
});

export const Check = z.discriminatedUnion("kind", [Reach, Route, Neigh, Fdb, Capture, Walk, Config, Output], { error: "must be one of reach, route, neigh, fdb, capture, walk, config, output" });
export type Check = z.infer<typeof Check>;
export type CheckKind = Check["kind"];
export type CheckOf<K extends CheckKind> = Extract<Check, { kind: K }>;
export type Point = z.infer<typeof Point>;
export type RoutePattern = z.infer<typeof RoutePattern>;
export type NeighPattern = z.infer<typeof NeighPattern>;
export type FdbPattern = z.infer<typeof FdbPattern>;
export type Wanted = z.infer<typeof Wanted>;

const Task = z.strictObject({
  id: Name,
  points: z.int().min(1).max(1_000),
  /** How many hints the texts hold, and what each costs when it is opened. */
  hints: z.strictObject({ count: z.int().min(0).max(10), cost: z.int().min(0).max(100).default(0) }).default({ count: 0, cost: 0 }),
  /** No value of the seed is in it, so that another seed's solution may earn it. */
  fixed: z.boolean().default(false),
  checks: z.array(Check).min(1).max(LIMITS.checks),
});
export type Task = z.infer<typeof Task>;

// -- the lab --------------------------------------------------------------------------------------------------------------
export const Lab = z.strictObject({
  version: z.literal(1, { error: "must be 1" }),
  id: Name,
  /** "figure": a network of a chapter, without tasks. */
  kind: z.enum(["build", "break-fix", "investigate", "predict", "design", "figure"]),
  /** Slug of the chapter it belongs to. */
  chapter: Name,
  minutes: z.int().min(1).max(240),
  /** Read before this schema is applied; see `Parameter`. */
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** Whether IPv6 is on at every node that does not say otherwise; not given: it is off. */
  ipv6: z.boolean().optional(),
  nodes: z.record(Name, Node),
  cables: z.array(Cable).max(LIMITS.cables).default([]),
  /** After every node's start-up, in this order. The learner's time begins when it is done. */
  prepare: z.array(Change).max(200).default([]),
  /** Nodes with a terminal for the learner, in this order; default: all. */
  terminals: z.array(Name).optional(),
  tasks: z.array(Task).max(LIMITS.tasks).default([]),
});
export type Lab = z.infer<typeof Lab>;
export type LabNode = z.infer<typeof Node>;

// -- parameters -----------------------------------------------------------------------------------------------------------
const Scalar = z.union([z.string(), z.int()]);
const Item: z.ZodType<ParameterItem> = z.union([Scalar, z.record(z.string().regex(/^[a-z][A-Za-z0-9]*$/, "must be a name: letters and digits"), Scalar)]);
export type ParameterItem = string | number | Record<string, string | number>;
export const PARAMETER_NAME = /^[A-Za-z][A-Za-z0-9]{0,31}$/;

/** How the seed draws a value. Exactly one of the kinds. */
export const Parameter = z.union(
  [
    z.strictObject({ int: z.tuple([z.int(), z.int()]), step: z.int().min(1).default(1) }),
    z.strictObject({ pick: z.array(Item).min(1).max(1_000) }),
    z.strictObject({ subset: z.array(Item).min(1).max(1_000), count: z.int().min(1) }),
    z.strictObject({ shuffle: z.array(Item).min(1).max(1_000) }),
    z.strictObject({ mac: z.union([z.literal(true), z.string().regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){0,4}$/, "must be true or the first octets, such as 52:54:00")]) }),
    z.strictObject({ prefix: z.string().regex(PREFIX, "must be the prefix to draw from, such as 10.0.0.0/8"), length: z.int().min(8).max(30) }),
    z.strictObject({ host: z.string().min(1), from: z.int().min(1).optional(), to: z.int().min(1).optional() }),
    z.strictObject({ value: Scalar }),
  ],
  { error: "must be one of {int: [low, high]}, {pick: […]}, {subset: […], count}, {shuffle: […]}, {mac: true}, {prefix, length}, {host: prefix}, {value: text}" },
);
export type Parameter = z.infer<typeof Parameter>;

// -- texts ----------------------------------------------------------------------------------------------------------------
const Title = Text.pipe(z.string().min(1).max(200).refine((s) => !CONTROL.test(s) && !s.includes("\n"), "must be one line without control characters"));
const Prose = Text.pipe(z.string().min(1).refine((s) => !CONTROL.test(s), "must not hold control or invisible characters"));
export const LabText = z.strictObject({
  title: Title,
  /** One sentence for lists and link previews. */
  summary: Title,
  intro: Prose,
  /** What the learner gets: plans of addresses, a worked twin. */
  given: z.array(Prose).max(20).default([]),
  tasks: z.record(
    Name,
    z.strictObject({
      title: Title,
      text: Prose,
      hints: z.array(Prose).max(10).default([]),
      /** Shown when the task is done: why it is so. */
      done: Prose.optional(),
      /** For each check what must hold, in one sentence. */
      checks: z.record(Name, Prose),
    }),
  ).default({}),
  /** Shown when all is done. */
  outro: Prose.optional(),
});
export type LabText = z.infer<typeof LabText>;

// -- listed wrong and other right ways ----------------------------------------------------------------------------------------
const Way = { id: Name, note: Text, when: When.optional(), script: Text };
export const Ways = z.strictObject({
  wrong: z.array(z.strictObject({ ...Way, fails: z.array(Name).min(1) })).default([]),
  also: z.array(z.strictObject(Way)).default([]),
});
export type Ways = z.infer<typeof Ways>;
