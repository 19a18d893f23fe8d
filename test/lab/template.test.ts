import { describe, expect, test } from "vitest";
import { Draw } from "../../src/lab/parameters.ts";
import { formatIpv4, parsePrefix, substitute, substituteText } from "../../src/lab/template.ts";

function env(seed = 1): Draw {
  const d = new Draw(seed);
  d.add("n", { value: 7 });
  d.add("word", { value: "abc" });
  d.add("lan", { prefix: "10.1.2.0/24", length: 24 });
  d.add("ports", { pick: ["x"] });
  d.values.set("ports", ["eth3", "eth1"]);
  d.values.set("fault", { t: "record", fields: new Map<string, string | number>([["name", "down"], ["port", 2]]) });
  d.values.set("h", { t: "address", address: 0x0a010203 });
  d.addEnd("h1:eth0", "52:54:00:00:00:fe");
  d.addEnd("pod-1:eth0", "52:54:00:00:01:01");
  return d;
}

describe("templates", () => {
  test.each([
    ["${n}", 7],
    ["${n + 1}", 8],
    ["${n - 1 + 10}", 16],
    ["${n}s", "7s"],
    ["a ${word} b ${n}", "a abc b 7"],
    ["$${n}", "${n}"],
    ["$n $(x) ${word}", "$n $(x) abc"],
    ["${lan.host(2)}/x", "10.1.2.2/x"],
    ["${lan.host(-1)}/x", "10.1.2.254/x"],
    ["${lan.cidr(254)}", "10.1.2.254/24"],
    ["${lan} ${lan.network} ${lan.broadcast} ${lan.mask} ${lan.length}", "10.1.2.0/24 10.1.2.0 10.1.2.255 255.255.255.0 24"],
    ["${lan.subnet(26, 3)}.", "10.1.2.192/26."],
    ["${ports[0]}", "eth3"],
    ["${ports[n - 6]}", "eth1"],
    ["${ports.length}", 2],
    ["${ports.join(', ')}", "eth3, eth1"],
    ["${fault.name}${fault.port}", "down2"],
    ["${h.plus(255)}!", "10.1.3.2!"],
    ["${h.octet(4)}", 3],
    ["${h1.eth0.mac}.", "52:54:00:00:00:fe."],
    ["${h1.eth0.mac.plus(3)}.", "52:54:00:00:01:01."],
    ["${mac('pod-1:eth0').octet(5)}", "01"],
    ["${'}'}", "}"],
    ["${word.length}", 3],
  ])("%s gives %j", (text, value) => expect(substitute(text, env())).toEqual({ ok: true, value }));

  test("a list that stands alone stays a list", () => expect(substitute("${ports}", env())).toEqual({ ok: true, value: ["eth3", "eth1"] }));

  test.each([
    ["${nobody}", /no parameter/],
    ["${ports[2]}", /item 2 of a list of 2/],
    ["${ports[0 - 1]}", /item -1/],
    ["${fault}", /record/],
    ["x ${ports}", /list/],
    ["${fault.size}", /\.name, \.port/],
    ["${lan.host(256)}", /outside the prefix/],
    ["${lan.subnet(24, 1)}", /not in the prefix/],
    ["${word + 1}", /not a number/],
    ["${n", /without its \}/],
    ["${}", /incomplete/],
    ["${n n}", /left over/],
    ["${n * 2}", /cannot be read/],
    ["${run('x')}", /only mac/],
    ["${mac('h9:eth0')}", /no end of a cable/],
    [`\${${"a.".repeat(200)}b}`, /longer than/],
    [`\${${"mac(".repeat(20)}1${")".repeat(20)}}`, /nested too deep/],
  ])("%s is refused with a reason", (text, why) => {
    const r = substituteText(text, env());
    expect(r.ok ? "" : r.error).toMatch(why);
  });
});

describe("what the seed draws", () => {
  test("the same seed draws the same, another seed something else", () => {
    const draw = (seed: number): unknown => {
      const d = new Draw(seed);
      d.add("a", { int: [1, 1_000_000], step: 1 });
      d.add("p", { prefix: "10.0.0.0/8", length: 24 });
      d.add("m", { mac: true });
      return [...d.values];
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  test("a new parameter does not move those after it", () => {
    const a = new Draw(9);
    const b = new Draw(9);
    b.add("new", { int: [1, 100], step: 1 });
    expect(a.add("x", { int: [1, 1_000_000], step: 1 })).toEqual(b.add("x", { int: [1, 1_000_000], step: 1 }));
  });

  test.each(Array.from({ length: 50 }, (_, i) => i + 1))("seed %i: prefixes do not overlap, hosts and MACs do not coincide", (seed) => {
    const d = new Draw(seed);
    const prefixes = ["p1", "p2", "p3", "p4"].map((n) => d.add(n, { prefix: "10.0.0.0/13", length: 16 }));
    expect(new Set(prefixes.map((p) => JSON.stringify(p))).size).toBe(4);
    const hosts = ["h1", "h2", "h3"].map((n) => d.add(n, { host: "p1", from: 1, to: 3 }));
    expect(new Set(hosts.map((p) => JSON.stringify(p))).size).toBe(3);
    const first = d.values.get("p1") as { network: number };
    for (const h of hosts) expect(h.ok && (h.value as { address: number }).address - first.network).toBeOneOf([1, 2, 3]);
    const macs = Array.from({ length: 20 }, (_, i) => d.addEnd(`h${i}:eth0`, undefined));
    expect(new Set(macs).size).toBe(20);
    for (const m of macs) expect(m).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
  });

  test.each([
    [{ int: [5, 4], step: 1 } as const, /no number between/],
    [{ subset: ["a"], count: 2 } as const, /2 of 1/],
    [{ prefix: "10.0.0.0/24", length: 16 } as const, /smaller/],
    [{ host: "nowhere" } as const, /no prefix parameter/],
  ])("%j cannot be drawn and says why", (p, why) => {
    const r = new Draw(1).add("x", p as never);
    expect(r.ok ? "" : r.error).toMatch(why);
  });

  test("a prefix that is used up says so", () => {
    const d = new Draw(1);
    expect(d.add("a", { prefix: "10.0.0.0/24", length: 25 }).ok).toBe(true);
    expect(d.add("b", { prefix: "10.0.0.0/24", length: 25 }).ok).toBe(true);
    expect(d.add("c", { prefix: "10.0.0.0/24", length: 25 })).toEqual({ ok: false, error: "found no /25 in 10.0.0.0/24 that is still free" });
  });

  test("bits behind the length of a prefix are cleared", () => {
    expect(formatIpv4(parsePrefix("10.1.2.3/16")!.network)).toBe("10.1.0.0");
    expect(parsePrefix("10.1.2.3/33")).toBeUndefined();
    expect(parsePrefix("10.1.2.300/8")).toBeUndefined();
  });
});
