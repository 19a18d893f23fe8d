/**
 * One run of `ip` or `bridge`: options, the namespace it speaks to, and what it prints. Output is gathered in order and written by the
 * generator that runs the command, so that an object's handler is a plain function.
 */
import { formatMac } from "../../../wire/ethernet.ts";
import type { LinkInfo, Netns, NlError, NlResult } from "../../../kernel/api.ts";
import { strerror } from "../../../kernel/api.ts";
import { NOT_EMULATED } from "../../command.ts";
import type { Process, Run } from "../../process.ts";
import { Fail, Leave, Refuse } from "./args.ts";
import { type Names, namesOf } from "./names.ts";
import type { Family } from "./prefix.ts";
import { Printer } from "./print.ts";

export interface ToolOptions {
  family: Family;
  stats: number;
  details: number;
  brief: boolean;
  oneline: boolean;
  json: boolean;
  pretty: boolean;
  human: boolean;
  iec: boolean;
  numeric: boolean;
  force: boolean;
  /** -all of `ip netns`. */
  all: boolean;
  /** -loops: rounds of `ip addr flush`; 0 is without limit. */
  loops: number;
  batch: string | undefined;
  /** -compressvlans of `bridge`. */
  compressVlans: boolean;
}

export function defaultOptions(): ToolOptions {
  return {
    family: 0, stats: 0, details: 0, brief: false, oneline: false, json: false, pretty: false, human: false, iec: false, numeric: false, force: false, all: false,
    loops: 10, batch: undefined, compressVlans: false,
  };
}

/** What a printer must know besides the object it prints. */
export interface View {
  readonly opts: Readonly<ToolOptions>;
  readonly names: Names;
  /** The device's name; "if7" for one that is not there, "*" for 0. */
  ifname(ifindex: number): string;
  flagsOf(ifindex: number): number;
  linkInfo(ifindex: number): LinkInfo | undefined;
  /** Name in /run/netns of the namespace with this number. */
  netnsName(nsid: number): string | undefined;
}

export class Tool implements View {
  readonly proc: Process;
  readonly opts: ToolOptions = defaultOptions();
  readonly names: Names;
  netns: Netns;
  out: Printer;
  /** Finds the name of a namespace number; set by the netns part. */
  nameOfNsid: (nsid: number) => string | undefined = () => undefined;
  private chunks: { fd: number; text: string }[] = [];

  constructor(proc: Process) {
    this.proc = proc;
    this.netns = proc.netns;
    this.names = namesOf(proc);
    this.out = new Printer(this.opts);
  }

  get rtnl() {
    return this.netns.rtnl;
  }

  /** For requests that change something: root alone may send them. */
  get admin() {
    this.mustBeRoot();
    return this.netns.rtnl;
  }

  mustBeRoot(): void {
    if (this.proc.uid !== 0) throw new Fail(2, nlErrorText({ errno: "EPERM" }));
  }

  // -- devices --------------------------------------------------------------------------------------------------------

  /** By name, alternative name, or "ifN" (ll_name_to_index). */
  link(name: string): LinkInfo | undefined {
    if (name === "") return undefined;
    const found = this.rtnl.link(name);
    if (found) return found;
    const m = /^if(\d+)$/.exec(name);
    return m ? this.rtnl.link(Number(m[1])) : undefined;
  }

  /** The device, or the end of the command (nodev() of iproute2). */
  device(name: string): LinkInfo {
    const found = this.link(name);
    if (!found) throw new Fail(1, `Cannot find device "${name}"\n`);
    return found;
  }

  ifname(ifindex: number): string {
    return ifindex === 0 ? "*" : (this.rtnl.link(ifindex)?.name ?? `if${ifindex}`);
  }

  flagsOf(ifindex: number): number {
    return this.rtnl.link(ifindex)?.flags ?? 0;
  }

  linkInfo(ifindex: number): LinkInfo | undefined {
    return ifindex === 0 ? undefined : this.rtnl.link(ifindex);
  }

  netnsName(nsid: number): string | undefined {
    return this.nameOfNsid(nsid);
  }

  // -- output ---------------------------------------------------------------------------------------------------------

  warn(text: string): void {
    this.settle();
    if (text !== "") this.chunks.push({ fd: 2, text });
  }

  print(text: string): void {
    this.settle();
    if (text !== "") this.chunks.push({ fd: 1, text });
  }

  private settle(): void {
    const text = this.out.takeText();
    if (text !== "") this.chunks.push({ fd: 1, text });
  }

  /** Writes what was gathered. */
  *flush(): Run<void> {
    this.settle();
    const chunks = this.chunks;
    this.chunks = [];
    for (let i = 0; i < chunks.length; ) {
      const { fd } = chunks[i]!;
      let text = "";
      for (; i < chunks.length && chunks[i]!.fd === fd; i++) text += chunks[i]!.text;
      yield* this.proc.write(fd, text);
    }
  }

  // -- netlink --------------------------------------------------------------------------------------------------------

  /** Says why the kernel refused. */
  refused(e: NlError): void {
    this.warn(nlErrorText(e));
  }

  /** 0, or `status` after the kernel's refusal was printed. */
  answer(r: NlResult<unknown>, status = 2): number {
    if (r.ok) return 0;
    this.refused(r.error);
    return status;
  }
}

export function nlErrorText(e: NlError): string {
  if (e.extack !== undefined && e.extack !== "") return `Error: ${e.extack}${e.extack.endsWith(".") ? "" : "."}\n`;
  return `RTNETLINK answers: ${strerror(e.errno)}\n`;
}

/** One command of the tool: where its real function would return a failure, or is not emulated, that is its status. */
export function* runCommand(tool: Tool, body: () => Run<number>): Run<number> {
  try {
    return yield* body();
  } catch (e) {
    if (e instanceof Fail) {
      tool.warn(e.text);
      return e.status;
    }
    if (!(e instanceof Refuse)) throw e;
    tool.warn(`packetwalk: '${e.what}' is not emulated\n`);
    return NOT_EMULATED;
  }
}

/** The whole program: where its real counterpart would exit, it ends. */
export function* runTool(tool: Tool, body: () => Run<number>): Run<number> {
  let status: number;
  try {
    status = yield* body();
  } catch (e) {
    if (!(e instanceof Leave)) throw e;
    tool.warn(e.text);
    status = e.status;
  }
  tool.print(tool.out.unwritten);
  yield* tool.flush();
  return status;
}

export function lladdrText(a: Uint8Array): string {
  if (a.length === 4) return a.join(".");
  return a.length === 6 ? formatMac(a) : Array.from(a, (o) => o.toString(16).padStart(2, "0")).join(":");
}

/** `-color`, shortened, with or without `=WHEN`. */
export function isColor(option: string): boolean {
  const at = option.indexOf("=");
  const when = at < 0 ? "always" : option.slice(at + 1);
  return "-color".startsWith(at < 0 ? option : option.slice(0, at)) && ["always", "auto", "never"].includes(when);
}

/** Colours are not emulated; to ask for none is all right. */
export function noColor(tool: string, option: string): void {
  if (!option.endsWith("=never")) throw new Refuse(`${tool} ${option}`);
}
