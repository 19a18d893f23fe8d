/** What a schema cannot say: names that must exist, ids that must be single, keys that go together. */
import { compileFilter } from "../userland/commands/tcpdump/filter/compile.ts";
import { LINKTYPE } from "../wire/pcap.ts";
import type { Change, Check, Lab, LabText, Task } from "./schema.ts";
import { LIMITS } from "./schema.ts";
import type { Path } from "./yaml.ts";

export interface Complaint {
  path: Path;
  rule: string;
  fix: string;
}

export function crossCheck(lab: Lab): Complaint[] {
  return new CrossCheck(lab).run();
}

class CrossCheck {
  private readonly out: Complaint[] = [];
  private readonly lab: Lab;
  private readonly ends = new Set<string>();
  private readonly interfaces = new Set<string>();

  constructor(lab: Lab) {
    this.lab = lab;
  }

  private say(path: Path, rule: string, fix: string): void {
    this.out.push({ path, rule, fix });
  }

  run(): Complaint[] {
    const { lab } = this;
    const names = Object.keys(lab.nodes);
    if (names.length === 0) this.say(["nodes"], "holds no node", "add one");
    if (names.length > LIMITS.nodes) this.say(["nodes"], `holds ${names.length} nodes; a lab has at most ${LIMITS.nodes}`, "make it smaller");
    this.checkNetwork();
    lab.terminals?.forEach((t, i) => this.node(["terminals", i], t));
    this.changes(["prepare"], lab.prepare);
    this.unique(["tasks"], lab.tasks);
    let checks = 0;
    lab.tasks.forEach((task, i) => {
      checks += task.checks.length;
      this.unique(["tasks", i, "checks"], task.checks);
      if (task.checks.every((c) => c.when !== undefined) && task.checks.some((c) => c.when !== undefined)) this.checkAlways(task, ["tasks", i]);
      task.checks.forEach((c, k) => this.check(["tasks", i, "checks", k], c));
      if (task.hints.cost * task.hints.count > task.points) this.say(["tasks", i, "hints", "cost"], "takes more than the task gives", "lower it");
    });
    if (checks > LIMITS.checks) this.say(["tasks"], `hold ${checks} checks; a lab has at most ${LIMITS.checks}`, "remove some");
    return this.out;
  }

  /** A task whose every check is conditional may have none in some variant. */
  private checkAlways(task: Task, path: Path): void {
    const on = new Set(task.checks.flatMap((c) => Object.keys(c.when ?? {})));
    if (on.size > 1) this.say([...path, "checks"], `of '${task.id}' all depend on conditions of different parameters`, "add a check that always exists");
  }

  private checkNetwork(): void {
    const { lab } = this;
    lab.cables.forEach((cable, i) =>
      cable.ends.forEach((end, side) => {
        this.node(["cables", i, side], end.split(":")[0]!);
        this.ends.add(end);
        this.interfaces.add(end);
      }),
    );
    for (const [name, node] of Object.entries(lab.nodes)) {
      node.ports.forEach((port, i) => {
        if (this.interfaces.has(`${name}:${port}`)) this.say(["nodes", name, "ports", i], "has a cable already", "remove it here");
        this.interfaces.add(`${name}:${port}`);
        if (port === "lo") this.say(["nodes", name, "ports", i], "is on every node", "remove it");
      });
    }
  }

  private node(path: Path, name: string): void {
    if (!Object.hasOwn(this.lab.nodes, name)) this.say(path, `names '${name}', which is no node`, `use one of ${Object.keys(this.lab.nodes).slice(0, 20).join(", ")}`);
  }

  private cable(path: Path, end: string): void {
    if (!this.ends.has(end)) this.say(path, `names '${end}', which is no end of a cable`, "write NODE:INTERFACE of an end in cables");
  }

  private unique(path: Path, items: readonly { id: string }[]): void {
    items.forEach((item, i) => {
      if (items.findIndex((other) => other.id === item.id) !== i) this.say([...path, i, "id"], `'${item.id}' is there twice`, "give each its own id");
    });
  }

  private changes(path: Path, changes: readonly Change[]): void {
    changes.forEach((c, i) => {
      const at = [...path, i];
      if ("on" in c && c.on !== "all") this.node([...at, "on"], c.on);
      if ("interrupt" in c && c.interrupt !== "all") this.node([...at, "interrupt"], c.interrupt);
      if ("cut" in c) this.cable([...at, "cut"], c.cut);
      if ("restore" in c) this.cable([...at, "restore"], c.restore);
    });
  }

  private check(path: Path, c: Check): void {
    this.changes([...path, "if"], c.if);
    switch (c.kind) {
      case "reach":
        return this.reach(path, c);
      case "walk":
        this.node([...path, "from"], c.from);
        c.passes.forEach((p, i) => p.node !== undefined && this.node([...path, "passes", i, "node"], p.node));
        c.avoids.forEach((p, i) => p.node !== undefined && this.node([...path, "avoids", i, "node"], p.node));
        if (c.passes.length + c.avoids.length === 0 && c.routers === undefined) this.say(path, "asks nothing of the way", "add passes, avoids or routers");
        return this.probe(path, c);
      case "route":
      case "neigh":
      case "fdb": {
        this.node([...path, "node"], c.node);
        const asks = c.has.length + c.lacks.length + (c.only === undefined ? 0 : 1) + (c.kind === "route" ? c.get.length : 0);
        if (asks === 0) this.say(path, "asks nothing of the table", `add has, lacks${c.kind === "route" ? ", only or get" : " or only"}`);
        return;
      }
      case "capture":
        return this.capture(path, c);
      case "config":
        return this.config(path, c);
      case "output":
        this.node([...path, "on"], c.on);
        if (c.exit === undefined && c.equals === undefined && c.contains === undefined && c.lacks === undefined) this.say(path, "asks nothing of the output", "add exit, equals, contains or lacks");
        return;
    }
  }

  private reach(path: Path, c: Extract<Check, { kind: "reach" }>): void {
    const pair = c.from !== undefined && c.to !== undefined;
    if (pair === (c.between !== undefined) || (c.from === undefined) !== (c.to === undefined)) this.say(path, "must have either from and to, or between", "write one of the two");
    if (c.from !== undefined) this.node([...path, "from"], c.from);
    for (const n of Object.keys(c.between ?? {})) this.node([...path, "between", n], n);
    if (c.between !== undefined && Object.keys(c.between).length < 2) this.say([...path, "between"], "has fewer than two nodes", "name two or more");
    if (c.by !== undefined && (c.expect === "ok" || c.expect === "timeout" || c.expect === "no-route")) this.say([...path, "by"], `names a sender of an error, and '${c.expect}' has none`, "remove it");
    if (c.mac !== undefined && c.with !== "arp") this.say([...path, "mac"], "is for with: arp", "remove it");
    this.probe(path, c);
  }

  private probe(path: Path, c: { with: "ping" | "udp" | "arp"; port?: number | undefined; dev?: string | undefined }): void {
    if (c.with === "udp" && c.port === undefined) this.say([...path, "port"], "is missing", "with: udp needs a port");
    if (c.with !== "udp" && c.port !== undefined) this.say([...path, "port"], "is for with: udp", "remove it");
    if (c.with === "arp" && c.dev === undefined) this.say([...path, "dev"], "is missing", "with: arp needs the interface it asks on");
  }

  private capture(path: Path, c: Extract<Check, { kind: "capture" }>): void {
    this.changes([...path, "during"], c.during);
    if ((c.on === undefined) === (c.file === undefined)) this.say(path, "must have either on or file", "write one of the two");
    const filter = compileFilter(c.filter, { linkType: LINKTYPE.ETHERNET, savefile: false });
    if (!filter.ok) this.say([...path, "filter"], `cannot be used: ${"message" in filter.error ? filter.error.message : `${filter.error.notEmulated} is not emulated`}`, "write it as tcpdump would take it");
    if (c.file !== undefined) {
      this.node([...path, "file", "node"], c.file.node);
      if (c.during.length > 0 || c.since === "start") this.say(path, "reads a file; nothing is captured", "remove during and since");
      if (c.direction !== "any") this.say([...path, "direction"], "is not known of a file", "remove it");
      return;
    }
    if (c.during.length === 0 && c.since === "now") this.say(path, "captures while nothing happens", "add during, or since: start");
    if (c.on === "cables") return;
    c.on?.forEach((end, i) => {
      this.node([...path, "on", i], end.split(":")[0]!);
      if (c.since === "start") this.cable([...path, "on", i], end);
    });
  }

  private config(path: Path, c: Extract<Check, { kind: "config" }>): void {
    const parts = [c.answer, c.file, c.sysctl, c.link, c.addresses].filter((p) => p !== undefined);
    if (parts.length !== 1) this.say(path, "must have exactly one of answer, file, sysctl, link, addresses", "write one; make another check for another");
    for (const [k, p] of Object.entries({ answer: c.answer, file: c.file, sysctl: c.sysctl, link: c.link, addresses: c.addresses })) {
      if (p?.node !== undefined) this.node([...path, k, "node"], p.node);
    }
    c.answer?.equals.forEach((wanted, i) => {
      if (!("on" in wanted)) return;
      this.node([...path, "answer", "equals", i, "on"], wanted.on);
      this.changes([...path, "answer", "equals", i, "if"], wanted.if);
    });
  }
}

/** Texts must speak of every task, hint and check, and of nothing else. */
export function crossCheckTexts(lab: Lab, text: LabText): Complaint[] {
  const out: Complaint[] = [];
  const say = (path: Path, rule: string, fix: string): void => void out.push({ path, rule, fix });
  for (const id of Object.keys(text.tasks)) if (!lab.tasks.some((t) => t.id === id)) say(["tasks", id], "is no task of lab.yaml", "remove it, or correct its name");
  for (const task of lab.tasks) {
    const words = text.tasks[task.id];
    if (words === undefined || !Object.hasOwn(text.tasks, task.id)) {
      say(["tasks"], `lack the task '${task.id}'`, "write its title, text and checks");
      continue;
    }
    if (words.hints.length !== task.hints.count) say(["tasks", task.id, "hints"], `has ${words.hints.length} hints, lab.yaml says ${task.hints.count}`, "make them equal");
    for (const c of task.checks) if (!Object.hasOwn(words.checks, c.id)) say(["tasks", task.id, "checks"], `lack the check '${c.id}'`, "say in one sentence what must hold");
    for (const id of Object.keys(words.checks)) if (!task.checks.some((c) => c.id === id)) say(["tasks", task.id, "checks", id], "is no check of this task", "remove it, or correct its name");
  }
  return out;
}
