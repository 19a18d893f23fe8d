/** The command line: do_parse() of iptables/xshared.c, getopt_long(3) with options that come as matches and targets are loaded. */
import type { XtMatch, XtRule, XtTarget } from "../../../kernel/netfilter/types.ts";
import type { Process } from "../../process.ts";
import type { Draft, Extension, Option, ParseContext } from "./extension.ts";
import { EXIT, Fail, wrong } from "./fail.ts";
import { MATCHES, UNEMULATED_MATCHES } from "./matches.ts";
import { parseAddrMask, parseProtocol, parseUint } from "./numbers.ts";
import { TARGETS, UNEMULATED_TARGETS } from "./targets.ts";

export type Verb = "A" | "D" | "C" | "R" | "I" | "L" | "S" | "F" | "Z" | "N" | "X" | "E" | "P" | "V" | "h";

export interface Parsed {
  verb: Verb;
  /** -Z beside -L or -S. */
  zero: boolean;
  table: string | undefined;
  chain: string;
  number: number | undefined;
  newName: string;
  policy: string;
  /** One for each pair of addresses. */
  rules: XtRule[];
  /** What stands after -j or -g when it is no known target. */
  jump: string | undefined;
  numeric: boolean;
  verbose: boolean;
  exact: boolean;
  lineNumbers: boolean;
  counters: { packets: number; bytes: number } | undefined;
}

/** Long name → short letter, with : for an argument and :: for one that may follow. */
const LONG: Readonly<Record<string, string>> = {
  append: "A:", delete: "D:", check: "C:", insert: "I:", replace: "R:", list: "L::", "list-rules": "S::", flush: "F::", zero: "Z::", "new-chain": "N:", "delete-chain": "X::", "rename-chain": "E:", policy: "P:",
  source: "s:", destination: "d:", src: "s:", dst: "d:", protocol: "p:", "in-interface": "i:", jump: "j:", table: "t:", match: "m:", numeric: "n", "out-interface": "o:", verbose: "v", wait: "w::", "wait-interval": "W::", exact: "x",
  fragments: "f", version: "V", help: "h::", "line-numbers": "0", modprobe: "M:", "set-counters": "c:", goto: "g:", ipv4: "4", ipv6: "6",
};
const SHORT: Readonly<Record<string, "" | ":" | "::">> = {
  A: ":", D: ":", C: ":", I: ":", R: ":", L: "::", S: "::", F: "::", Z: "::", N: ":", X: "::", E: ":", P: ":", s: ":", d: ":", p: ":", i: ":", j: ":", t: ":", m: ":", n: "", o: ":", v: "", w: "::", W: "::", x: "", f: "", V: "", h: "::", M: ":", c: ":", g: ":", "4": "", "6": "",
};
const VERBS = "ADCRILSFZNXEPVh";
const MAX_CHAIN = 28;
const BUILTIN_TARGETS: ReadonlySet<string> = new Set(["ACCEPT", "DROP", "RETURN"]);

interface Loaded { ext: Extension; draft: Draft }

export class Parser {
  private readonly proc: Process;
  private readonly argv: readonly string[];
  private at = 0;
  private readonly out: Parsed;
  private verbLetter = "";
  private readonly matches: Loaded[] = [];
  private target: Loaded | undefined;
  private jump: string | undefined;
  private goto = false;
  private readonly context: ParseContext;
  private sources: { addr: number; mask: number }[] = [];
  private destinations: { addr: number; mask: number }[] = [];
  private readonly given: { letter: "s" | "d"; text: string; inv: boolean }[] = [];
  private readonly seen = new Map<string, boolean>();
  private readonly rule: { iif?: { name: string; inv: boolean }; oif?: { name: string; inv: boolean }; frag?: { inv: boolean } } = {};

  constructor(proc: Process, argv: readonly string[]) {
    this.proc = proc;
    this.argv = argv;
    this.context = { proc, protocol: undefined };
    this.out = {
      verb: "A", zero: false, table: undefined, chain: "", number: undefined, newName: "", policy: "", rules: [], jump: undefined, numeric: false, verbose: false, exact: false, lineNumbers: false, counters: undefined,
    };
  }

  parse(): Parsed {
    let invert = false;
    while (this.at < this.argv.length) {
      const word = this.argv[this.at++]!;
      if (word === "!") {
        if (invert) wrong("multiple consecutive ! not allowed");
        invert = true;
        if (this.at >= this.argv.length) wrong("nothing appropriate following !");
        continue;
      }
      if (word === "--") continue;
      if (word.startsWith("--")) this.longOption(word.slice(2), invert);
      else if (word.startsWith("-") && word.length > 1) this.shortOptions(word.slice(1), invert);
      else throw new Fail(`Bad argument \`${word}'\nTry \`iptables -h' or 'iptables --help' for more information.`, EXIT.PARAMETER, "bare");
      invert = false;
    }
    if (this.verbLetter === "") wrong("no command specified");
    this.finish();
    return this.out;
  }

  // -- getopt -------------------------------------------------------------------------------------------------------

  private argument(typed: string): string {
    const v = this.argv[this.at++];
    if (v === undefined) wrong(`option "${typed}" requires an argument`);
    return v!;
  }

  private longOption(text: string, inv: boolean): void {
    const eq = text.indexOf("=");
    const name = eq < 0 ? text : text.slice(0, eq);
    const value = eq < 0 ? undefined : text.slice(eq + 1);
    const found = this.findLong(name);
    if (found === undefined) wrong(`unknown option "--${name}"`);
    if (typeof found === "string") {
      const spec = LONG[found]!;
      this.standard(spec[0]!, value ?? (spec.endsWith(":") && !spec.endsWith("::") ? this.argument(`--${name}`) : undefined), inv);
      return;
    }
    const { option, loaded } = found!;
    if (inv && option.invertible !== true) wrong(`cannot have ! before --${option.name}`);
    if (option.args === 0) return option.parse(loaded.draft, "", inv, this.context, "");
    const first = value ?? this.argument(`--${name}`);
    const second = option.args === 2 ? (this.argv[this.at] === undefined || this.argv[this.at]!.startsWith("-") ? wrong(`--${option.name} requires two args.`) : this.argv[this.at++]!) : "";
    option.parse(loaded.draft, first, inv, this.context, second);
  }

  /** Exactly, else by an unambiguous beginning; a protocol's match is loaded when its option is asked for. */
  private findLong(name: string): string | { option: Option; loaded: Loaded } | undefined {
    const look = (): string | { option: Option; loaded: Loaded } | undefined => {
      if (LONG[name] !== undefined) return name;
      const extensions = [...this.matches].reverse();
      if (this.target !== undefined) extensions.push(this.target);
      for (const loaded of extensions) for (const option of loaded.ext.options) if (option.name === name) return { option, loaded };
      const starts: (string | { option: Option; loaded: Loaded })[] = Object.keys(LONG).filter((k) => k.startsWith(name));
      for (const loaded of extensions) for (const option of loaded.ext.options) if (option.name.startsWith(name)) starts.push({ option, loaded });
      const keys = new Set(starts.map((s) => (typeof s === "string" ? LONG[s] : s.option.name)));
      return name !== "" && keys.size === 1 ? starts[0] : undefined;
    };
    const first = look();
    if (first !== undefined) return first;
    const p = this.context.protocol;
    const implied = p === undefined || p.inv ? undefined : p.number === 6 ? "tcp" : p.number === 17 ? "udp" : p.number === 1 ? "icmp" : undefined;
    if (implied === undefined || this.matches.some((m) => m.ext.name === implied)) return undefined;
    this.loadMatch(implied);
    return look();
  }

  private shortOptions(letters: string, inv: boolean): void {
    for (let i = 0; i < letters.length; i++) {
      const letter = letters[i]!;
      const kind = SHORT[letter];
      if (kind === undefined) wrong(`unknown option "${this.argv[this.at - 1]!}"`);
      if (kind === "") {
        this.standard(letter, undefined, inv);
        continue;
      }
      const rest = letters.slice(i + 1);
      if (kind === "::") this.standard(letter, rest === "" ? undefined : rest, inv);
      else this.standard(letter, rest === "" ? this.argument(`-${letter}`) : rest, inv);
      return;
    }
  }

  /** A word that may follow: not an option, not a !. */
  private optional(): string | undefined {
    const next = this.argv[this.at];
    if (next === undefined || next.startsWith("-") || next === "!") return undefined;
    this.at++;
    return next;
  }

  // -- options of iptables itself -----------------------------------------------------------------------------------

  private once(letter: string, inv: boolean): void {
    if (this.seen.has(letter)) wrong(`multiple -${letter} flags not allowed`);
    this.seen.set(letter, inv);
  }

  private verb(letter: Verb, inv: boolean): void {
    if (inv) wrong(`unexpected ! flag before -${letter}`);
    if (this.verbLetter !== "") {
      if ("LS".includes(this.verbLetter) && letter === "Z") {
        this.out.zero = true;
        return;
      }
      if (this.verbLetter === "Z" && "LS".includes(letter)) {
        this.out.zero = true;
        this.verbLetter = letter;
        this.out.verb = letter;
        return;
      }
      wrong(`Cannot use -${letter} with -${this.verbLetter}`);
    }
    this.verbLetter = letter;
    this.out.verb = letter;
  }

  private standard(letter: string, value: string | undefined, inv: boolean): void {
    const { out } = this;
    if (VERBS.includes(letter)) return this.command(letter as Verb, value, inv);
    if (inv && "jgtmnvxc".includes(letter)) wrong(`cannot have ! before -${letter}`);
    switch (letter) {
      case "s": case "d":
        this.once(letter, inv);
        this.addresses(letter, value!, inv);
        return;
      case "p": {
        this.once("p", inv);
        const number = parseProtocol(this.proc, value!);
        if (number === 0 && inv) wrong("rule would never match protocol");
        this.context.protocol = { number, inv };
        return;
      }
      case "i": case "o":
        this.once(letter, inv);
        if (value === "") wrong("Empty interface is likely to be undesired");
        if (value!.length > 15) wrong(`interface name \`${value}' must be shorter than IFNAMSIZ (15)`);
        if (letter === "i") this.rule.iif = { name: value!, inv };
        else this.rule.oif = { name: value!, inv };
        return;
      case "f":
        this.once("f", inv);
        this.rule.frag = { inv };
        return;
      case "j": case "g":
        this.once("j", inv);
        this.setTarget(value!, letter === "g");
        return;
      case "m":
        this.loadMatch(value!);
        return;
      case "t":
        if (this.out.table !== undefined) wrong("multiple -t flags not allowed");
        out.table = value!;
        return;
      case "c": {
        const bytes = this.optional();
        const packets = parseUint(value!, Number.MAX_SAFE_INTEGER);
        if (bytes === undefined) wrong("-c requires packet and byte counter");
        const b = parseUint(bytes!, Number.MAX_SAFE_INTEGER);
        if (packets === undefined) wrong("-c packet counter not numeric");
        if (b === undefined) wrong("-c byte counter not numeric");
        out.counters = { packets: packets!, bytes: b! };
        return;
      }
      case "n":
        out.numeric = true;
        return;
      case "v":
        out.verbose = true;
        return;
      case "x":
        out.exact = true;
        return;
      case "0":
        out.lineNumbers = true;
        return;
      case "w": case "W":
        if (value === undefined) this.optional();
        return;
      case "6":
        wrong("The -6 option is not supported by this binary.");
    }
  }

  private command(letter: Verb, value: string | undefined, inv: boolean): void {
    const { out } = this;
    this.verb(letter, inv);
    const number = (text: string): number => {
      const n = parseUint(text, 0x7fffffff);
      if (n === undefined || n === 0) wrong(`Invalid rule number \`${text}'`);
      return n!;
    };
    switch (letter) {
      case "A": case "C":
        out.chain = value!;
        break;
      case "D": {
        out.chain = value!;
        const n = this.optional();
        if (n !== undefined) out.number = number(n);
        break;
      }
      case "I": {
        out.chain = value!;
        const n = this.optional();
        out.number = n === undefined ? 1 : number(n);
        break;
      }
      case "R": {
        out.chain = value!;
        const n = this.optional();
        if (n === undefined) wrong("-R requires a rule number");
        out.number = number(n!);
        break;
      }
      case "L": case "S": case "Z": {
        out.chain = value ?? this.optional() ?? out.chain;
        const n = this.optional();
        if (n !== undefined) out.number = number(n);
        break;
      }
      case "F": case "X":
        out.chain = value ?? this.optional() ?? "";
        break;
      case "N":
        if (value!.startsWith("-") || value!.startsWith("!")) wrong(`chain name not allowed to start with \`${value![0]}'`);
        if (BUILTIN_TARGETS.has(value!) || TARGETS.some((t) => t.name === value)) wrong("chain name may not clash with target name");
        out.chain = value!;
        break;
      case "E":
        out.chain = value!;
        out.newName = this.optional() ?? wrong("-E requires old-chain-name and new-chain-name");
        break;
      case "P":
        out.chain = value!;
        out.policy = this.optional() ?? wrong("-P requires a chain and a policy");
        break;
      default:
        break;
    }
    if (out.chain.length > MAX_CHAIN) wrong(`chain name \`${out.chain}' too long (must be under ${MAX_CHAIN + 1} chars)`);
  }

  private addresses(letter: "s" | "d", text: string, inv: boolean): void {
    // Looked up at the end, when all options are known to make sense.
    this.given.push({ letter, text, inv });
  }

  // -- extensions ---------------------------------------------------------------------------------------------------

  private loadMatch(name: string): void {
    const ext = MATCHES.find((m) => m.name === name);
    if (ext === undefined) {
      if (UNEMULATED_MATCHES.has(name)) throw new Fail(`packetwalk: 'iptables -m ${name}' is not emulated`, EXIT.NOT_EMULATED, "bare");
      wrong(`Couldn't load match \`${name}':No such file or directory`);
    }
    this.matches.push({ ext: ext!, draft: {} });
  }

  private setTarget(name: string, goto: boolean): void {
    this.jump = name;
    this.goto = goto;
    if (goto) return;
    if (name === "") wrong("Invalid target name (too short)");
    if (name.length > MAX_CHAIN) wrong(`Invalid target name \`${name}' (${MAX_CHAIN} chars max)`);
    const ext = TARGETS.find((t) => t.name === name);
    if (ext !== undefined) this.target = { ext, draft: {} };
    else if (UNEMULATED_TARGETS.has(name)) throw new Fail(`packetwalk: 'iptables -j ${name}' is not emulated`, EXIT.NOT_EMULATED, "bare");
  }

  // -- at the end ---------------------------------------------------------------------------------------------------

  private finish(): void {
    const { out } = this;
    for (const { letter, text, inv } of this.given) {
      const list = text.split(",").map((t) => parseAddrMask(t.trim()));
      if (inv && list.length > 1) wrong("! not allowed with multiple source or destination IP addresses");
      if (letter === "s") this.sources = list;
      else this.destinations = list;
    }
    if (!"ADCRI".includes(this.verbLetter)) return;
    const matches: XtMatch[] = this.matches.map((l) => {
      const p = this.context.protocol;
      if (l.ext.name === "tcp" && (p?.number !== 6 || p.inv)) wrong("TCP match requires '-p tcp'");
      if (l.ext.name === "udp" && (p?.number !== 17 || p.inv)) wrong("UDP match requires '-p udp'");
      return l.ext.match!(l.draft, this.context);
    });
    let target: XtTarget = { name: "" };
    if (this.target !== undefined) target = this.target.ext.target!(this.target.draft, this.context);
    else if (this.jump !== undefined) {
      if (this.goto) target = { name: "goto", chain: this.jump };
      else if (BUILTIN_TARGETS.has(this.jump)) target = { name: this.jump as "ACCEPT" };
      else target = { name: "jump", chain: this.jump };
      if (target.name === "jump" || target.name === "goto") out.jump = this.jump;
    }
    const { chain } = out;
    const names: readonly (readonly [string, string, string])[] = [["PREROUTING", "o", "oif"], ["INPUT", "o", "oif"], ["POSTROUTING", "i", "iif"], ["OUTPUT", "i", "iif"]];
    for (const [name, letter, key] of names) if (chain === name && this.rule[key as "iif"] !== undefined) wrong(`Can't use -${letter} with ${name}\n`);
    if (target.name === "DROP" && (out.table ?? "filter") === "nat") wrong('\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n');
    if (out.number !== undefined && this.verbLetter === "D" && (matches.length > 0 || this.jump !== undefined || this.sources.length > 0 || this.destinations.length > 0)) wrong("Illegal option with this command");
    const proto = this.context.protocol;
    for (const s of this.sources.length === 0 ? [undefined] : this.sources) {
      for (const d of this.destinations.length === 0 ? [undefined] : this.destinations) {
        out.rules.push({
          ...(s !== undefined && { src: { ...s, inv: this.seen.get("s")! } }), ...(d !== undefined && { dst: { ...d, inv: this.seen.get("d")! } }), ...this.rule,
          ...(proto !== undefined && { proto }), matches, target, counters: out.counters ?? { packets: 0, bytes: 0 },
        });
      }
    }
  }
}
