/**
 * What the seed draws. Each parameter has a stream of its own, named after it; what must not coincide (prefixes, hosts of one
 * prefix, MACs) is drawn again, in the order of the file, so that a draw depends on nothing that comes later.
 */
import { err, ok, type Result } from "../base/result.ts";
import { RandomStream } from "../sim/random.ts";
import type { Parameter, ParameterItem } from "./schema.ts";
import { type AddressValue, type Env, hostOf, type MacValue, overlaps, parsePrefix, type PrefixValue, sizeOf, type Value } from "./template.ts";

const TRIES = 1_000;

/** The values drawn so far; it answers templates. */
export class Draw implements Env {
  readonly seed: number;
  readonly values = new Map<string, Value>();
  /** MAC of each cable end, "h1:eth0". */
  readonly macs = new Map<string, string>();
  private readonly prefixes: PrefixValue[] = [];
  /** Hosts given out, by the prefix parameter they are in. */
  private readonly hosts = new Map<string, Set<number>>();
  private readonly taken = new Set<string>();

  constructor(seed: number) {
    this.seed = seed;
  }

  lookup(name: string): Value | undefined {
    return this.values.get(name) ?? this.node(name);
  }

  mac(end: string): string | undefined {
    return this.macs.get(end);
  }

  /** `h1.eth0.mac`: a record of a node's interfaces. */
  private node(name: string): Value | undefined {
    const fields = new Map<string, Value>();
    for (const [end, mac] of this.macs) {
      if (!end.startsWith(`${name}:`)) continue;
      fields.set(end.slice(name.length + 1), { t: "record", fields: new Map([["mac", { t: "mac", text: mac }]]) });
    }
    return fields.size > 0 ? { t: "record", fields } : undefined;
  }

  /** @returns why there is no value. */
  add(name: string, p: Parameter): Result<Value, string> {
    const v = this.draw(name, p, new RandomStream(this.seed, `parameter ${name}`));
    if (v.ok) this.values.set(name, v.value);
    return v;
  }

  private draw(name: string, p: Parameter, random: RandomStream): Result<Value, string> {
    if ("int" in p) return drawInt(p.int, p.step, random);
    if ("pick" in p) return ok(toValue(random.pick(p.pick)));
    if ("shuffle" in p) return ok(random.shuffle(p.shuffle).map(toValue));
    if ("subset" in p) {
      if (p.count > p.subset.length) return err(`asks for ${p.count} of ${p.subset.length} items`);
      return ok(random.shuffle(p.subset).slice(0, p.count).map(toValue));
    }
    if ("mac" in p) return this.drawMac(p.mac === true ? "" : p.mac, random);
    if ("prefix" in p) return this.drawPrefix(p.prefix, p.length, random);
    if ("host" in p) return this.drawHost(name, p.host, p.from, p.to, random);
    return ok(p.value);
  }

  private drawPrefix(from: string, length: number, random: RandomStream): Result<PrefixValue, string> {
    const outer = parsePrefix(from)!;
    if (length < outer.length) return err(`asks for a /${length} inside ${from}, which is smaller`);
    const step = sizeOf({ t: "prefix", network: 0, length });
    for (let i = 0; i < TRIES; i++) {
      const network = outer.network + step * random.below(Math.floor(sizeOf(outer) / step));
      const p: PrefixValue = { t: "prefix", network, length };
      if (this.prefixes.some((other) => overlaps(p, other))) continue;
      this.prefixes.push(p);
      return ok(p);
    }
    return err(`found no /${length} in ${from} that is still free`);
  }

  private drawHost(name: string, of: string, from: number | undefined, to: number | undefined, random: RandomStream): Result<AddressValue, string> {
    const prefix = this.values.get(of);
    if (typeof prefix !== "object" || Array.isArray(prefix) || (prefix as PrefixValue).t !== "prefix") return err(`names '${of}', which is no prefix parameter before ${name}`);
    const p = prefix as PrefixValue;
    const last = p.length >= 31 ? sizeOf(p) - 1 : sizeOf(p) - 2;
    const low = from ?? (p.length >= 31 ? 0 : 1);
    const high = Math.min(to ?? last, last);
    if (low > high) return err(`has no host between ${low} and ${high} in a /${p.length}`);
    let used = this.hosts.get(of);
    if (used === undefined) this.hosts.set(of, (used = new Set()));
    for (let i = 0; i < TRIES; i++) {
      const n = random.between(low, high);
      if (used.has(n)) continue;
      used.add(n);
      return ok({ t: "address", address: hostOf(p, n)! });
    }
    return err(`found no host in '${of}' that is still free`);
  }

  private drawMac(start: string, random: RandomStream): Result<MacValue, string> {
    const fixed = start === "" ? [] : start.split(":");
    for (let i = 0; i < TRIES; i++) {
      const octets = [...fixed];
      while (octets.length < 6) {
        // A first octet of ours: unicast, locally administered (IEEE 802, U/L bit).
        const o = octets.length === 0 ? (random.below(64) << 2) | 2 : random.below(256);
        octets.push(o.toString(16).padStart(2, "0"));
      }
      const text = octets.join(":");
      if (this.taken.has(text)) continue;
      this.taken.add(text);
      return ok({ t: "mac", text });
    }
    return err("found no MAC that is still free");
  }

  /** The MAC of a cable's end: the given one, or drawn. @returns undefined when another end has it. */
  addEnd(end: string, given: string | undefined): string | undefined {
    const mac = given ?? (this.drawMac("52:54:00", new RandomStream(this.seed, `mac ${end}`)) as { value: MacValue }).value.text;
    if ([...this.macs.values()].includes(mac)) return undefined;
    this.taken.add(mac);
    this.macs.set(end, mac);
    return mac;
  }
}

function drawInt([low, high]: readonly [number, number], step: number, random: RandomStream): Result<number, string> {
  if (low > high) return err(`has no number between ${low} and ${high}`);
  const choices = Math.floor((high - low) / step) + 1;
  return choices > 0xffff_ffff ? err("has too wide a range") : ok(low + step * random.below(choices));
}

function toValue(item: ParameterItem): Value {
  if (typeof item !== "object") return item;
  return { t: "record", fields: new Map(Object.entries(item)) };
}
