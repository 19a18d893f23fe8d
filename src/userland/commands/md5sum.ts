/** md5sum, sha1sum, sha256sum and the like, and cksum: coreutils 9.1. */
import { blake2b } from "@noble/hashes/blake2.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { toHex } from "../../base/bytes.ts";
import { strerror } from "../../kernel/errno.ts";
import type { Command } from "../command.ts";
import { choose } from "../getopt-choice.ts";
import { quoteName } from "../gnu-quote.ts";
import { bytesOf, foldCase, octets, type Octets, textOf } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

type Digest = (data: Uint8Array) => Uint8Array;

interface Mode {
  digest: Digest;
  /** As in "MD5 (file) = ...". */
  tag: string;
  length: number;
  binary: boolean;
  tagged: boolean;
  end: string;
  quiet: boolean;
  status: boolean;
  strict: boolean;
  warn: boolean;
  ignoreMissing: boolean;
}

function* hashOf(t: Tool, name: string, digest: Digest, quietly: boolean): Run<string | "missing" | undefined> {
  const input = t.open(name);
  if (typeof input === "string") {
    if (quietly && input === "ENOENT") return "missing";
    yield* t.error(`${quoteName(name)}: ${strerror(input)}`);
    return undefined;
  }
  const data = yield* input.all();
  const { error } = input;
  input.close();
  if (!error) return toHex(digest(bytesOf(data)));
  yield* t.error(`${quoteName(name)}: ${strerror(error)}`);
  return undefined;
}

/** Names with a newline or backslash are escaped, and the line begins with a backslash. */
function shownName(name: string, m: Mode): [mark: string, name: string] {
  if (m.end === "\0" || !/[\\\n\r]/.test(name)) return ["", name];
  return ["\\", name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r")];
}

function* sums(t: Tool, names: readonly string[], m: Mode): Run<number> {
  for (const name of names) {
    const sum = yield* hashOf(t, name, m.digest, false);
    if (sum === undefined) continue;
    const [mark, shown] = shownName(name, m);
    yield* t.print(octets(m.tagged ? `${mark}${m.tag} (${shown}) = ${sum}${m.end}` : `${mark}${sum} ${m.binary ? "*" : " "}${shown}${m.end}`));
  }
  return t.status;
}

/** A line of a checksum file: what it should be, of which file. */
function parseSum(line: Octets, m: Mode): { sum: string; name: string } | undefined {
  const tagged = /^\\?([A-Z0-9-]+) \((.*)\) = ([0-9a-fA-F]+)$/.exec(line);
  if (tagged) return tagged[1] === m.tag && tagged[3]!.length === m.length ? { sum: foldCase(tagged[3]!), name: textOf(tagged[2]!) } : undefined;
  const plain = /^[ \t]*\\?([0-9a-fA-F]+) [ *]?(.+)$/.exec(line);
  return plain && plain[1]!.length === m.length ? { sum: foldCase(plain[1]!), name: textOf(plain[2]!) } : undefined;
}

interface Tally {
  good: number;
  bad: number;
  unreadable: number;
  malformed: number;
}

function* check(t: Tool, list: string, m: Mode): Run<boolean> {
  const input = t.open(list);
  if (typeof input === "string") {
    yield* t.error(`${quoteName(list)}: ${strerror(input)}`);
    return false;
  }
  const tally: Tally = { good: 0, bad: 0, unreadable: 0, malformed: 0 };
  let number = 0;
  for (let line = yield* input.line(); line; line = yield* input.line()) {
    number++;
    if (line.text.startsWith("#")) continue;
    const wanted = parseSum(line.text.replace(/\r$/, ""), m);
    if (wanted) yield* checkOne(t, wanted, m, tally);
    else {
      tally.malformed++;
      if (m.warn) yield* t.warn(`${quoteName(list)}: ${number}: improperly formatted ${m.tag} checksum line`);
    }
  }
  input.close();
  return yield* verdict(t, list, m, tally);
}

function* checkOne(t: Tool, wanted: { sum: string; name: string }, m: Mode, tally: Tally): Run<void> {
  const sum = yield* hashOf(t, wanted.name, m.digest, m.ignoreMissing);
  if (sum === "missing") return;
  const shown = quoteName(wanted.name);
  if (sum === undefined) {
    tally.unreadable++;
    if (!m.status) yield* t.say(`${shown}: FAILED open or read\n`);
  } else if (sum === wanted.sum) {
    tally.good++;
    if (!m.quiet && !m.status) yield* t.say(`${shown}: OK\n`);
  } else {
    tally.bad++;
    if (!m.status) yield* t.say(`${shown}: FAILED\n`);
  }
}

function* verdict(t: Tool, list: string, m: Mode, { good, bad, unreadable, malformed }: Tally): Run<boolean> {
  if (good + bad + unreadable === 0 && !m.ignoreMissing) {
    yield* t.error(`${list === "-" ? "'standard input'" : quoteName(list)}: no properly formatted checksum lines found`);
    return false;
  }
  const several = (n: number, one: string, many: string): string => `WARNING: ${n} ${n === 1 ? one : many}`;
  if (!m.status) {
    if (malformed > 0) yield* t.warn(several(malformed, "line is improperly formatted", "lines are improperly formatted"));
    if (unreadable > 0) yield* t.warn(several(unreadable, "listed file could not be read", "listed files could not be read"));
    if (bad > 0) yield* t.warn(several(bad, "computed checksum did NOT match", "computed checksums did NOT match"));
    if (m.ignoreMissing && good + bad === 0) yield* t.warn(`${quoteName(list)}: no file was verified`);
  }
  return bad === 0 && unreadable === 0 && !(m.strict && malformed > 0) && !(m.ignoreMissing && good === 0);
}

const OPTIONS = { binary: "b", check: "c", "ignore-missing": "ignore", quiet: "quiet", status: "status", strict: "strict", tag: "tag", text: "t", warn: "w", zero: "z" } as const;

function make(name: string, tag: string, length: number, digest: Digest): Command {
  return defineTool({
    name,
    man: {
      summary: `compute and check ${tag} message digest`,
      synopsis: [`${name} [OPTION]... [FILE]...`],
      emulated: ["-c: read sums from the files and check them; --quiet, --status, --strict, -w, --ignore-missing", "-b, -t, -z, --tag: how sums are written"],
      notEmulated: [],
    },
    shorts: "bctwz",
    longs: OPTIONS,
    *run(t, options, operands) {
      const has = (key: string): boolean => options.some((o) => o.key === key);
      const m: Mode = {
        digest, tag, length, binary: has("b"), tagged: has("tag"), end: has("z") ? "\0" : "\n", quiet: has("quiet"), status: has("status"), strict: has("strict"), warn: has("w"), ignoreMissing: has("ignore"),
      };
      const names = operands.length > 0 ? operands : ["-"];
      if (!has("c")) return yield* sums(t, names, m);
      if (m.tagged) return yield* t.usage("the --tag option is meaningless when verifying checksums");
      let good = true;
      for (const list of names) if (!(yield* check(t, list, m))) good = false;
      return good && t.status === 0 ? 0 : 1;
    },
  });
}

export const md5sum = make("md5sum", "MD5", 32, md5);
export const sha1sum = make("sha1sum", "SHA1", 40, sha1);
export const sha224sum = make("sha224sum", "SHA224", 56, sha224);
export const sha256sum = make("sha256sum", "SHA256", 64, sha256);
export const sha384sum = make("sha384sum", "SHA384", 96, sha384);
export const sha512sum = make("sha512sum", "SHA512", 128, sha512);
export const b2sum = make("b2sum", "BLAKE2b", 128, blake2b);

// -- cksum -------------------------------------------------------------------------------------------------------------------

/** POSIX XCU cksum: the polynomial of Ethernet, most significant bit first, over the data and its length. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = (n << 24) >>> 0;
  for (let k = 0; k < 8; k++) c = (c & 0x80000000 ? (c << 1) ^ 0x04c11db7 : c << 1) >>> 0;
  return c;
});

export function posixCrc(data: Uint8Array): number {
  let crc = 0;
  const add = (byte: number): void => {
    crc = ((crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ byte) & 255]!) >>> 0;
  };
  for (const byte of data) add(byte);
  for (let n = data.length; n > 0; n = Math.floor(n / 256)) add(n & 255);
  return ~crc >>> 0;
}

const ALGORITHMS: Readonly<Record<string, readonly [tag: string, digest: Digest]>> = {
  md5: ["MD5", md5], sha1: ["SHA1", sha1], sha224: ["SHA224", sha224], sha256: ["SHA256", sha256], sha384: ["SHA384", sha384], sha512: ["SHA512", sha512], blake2b: ["BLAKE2b", blake2b],
};

export const cksum = defineTool({
  name: "cksum",
  man: {
    summary: "compute and verify file checksums",
    synopsis: ["cksum [OPTION]... [FILE]..."],
    emulated: ["the CRC of POSIX, or with -a: md5, sha1, sha224, sha256, sha384, sha512, blake2b", "--untagged, -z"],
    notEmulated: ["-c, -l, -a bsd, -a sysv, -a sm3"],
  },
  shorts: "a:cl:wz",
  longs: { ...OPTIONS, algorithm: "a:", length: "l:", untagged: "untagged" },
  refused: ["c", "l"],
  *run(t, options, operands) {
    const given = options.findLast((o) => o.key === "a")?.value ?? "crc";
    const chosen = choose("--algorithm", given, ["bsd", "sysv", "crc", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "sm3"].map((a) => [a]));
    if (!chosen.ok) return yield* t.usage(chosen.error);
    const names = operands.length > 0 ? operands : ["-"];
    if (chosen.value !== "crc") {
      const known = ALGORITHMS[chosen.value];
      if (!known) return yield* t.notEmulated(`cksum -a ${chosen.value}`);
      const m: Mode = { digest: known[1], tag: known[0], length: 0, binary: false, tagged: !options.some((o) => o.key === "untagged"), end: options.some((o) => o.key === "z") ? "\0" : "\n", quiet: false, status: false, strict: false, warn: false, ignoreMissing: false };
      return yield* sums(t, names, m);
    }
    yield* t.eachInput(operands, function* (input, name) {
      const data = bytesOf(yield* input.all());
      if (!input.error) yield* t.say(`${posixCrc(data)} ${data.length}${operands.length > 0 ? ` ${name}` : ""}\n`);
    });
    return t.status;
  },
});
