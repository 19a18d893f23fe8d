/**
 * `npm run bench [-- --json] [--peers] [--runs N] [w1|w2|w4|w5|w7|replay|browser ...]`: what the engine does in a second of CPU time.
 * With --peers (Linux, root) the same workloads run under ns-3 and in Linux network namespaces, in turn with ours, so that a
 * busy machine hurts all alike; the ratios are printed. docs/performance.md says what each figure means.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rooms } from "./browser.ts";
import { labReplay, labStart } from "./lab-workloads.ts";
import { allPairs, bulk, chain, type Figure, mesh } from "./workloads.ts";

const USAGE = "usage: npm run bench -- [--json] [--peers] [--runs N] [w1|w2|w4|w5|w7|replay|browser ...]";
const PEERS = fileURLToPath(new URL("peers/", import.meta.url));
const BUILD = fileURLToPath(new URL("../../node_modules/.cache/bench/", import.meta.url));

interface Workload {
  name: string;
  key: string;
  /** Higher is better, or lower. */
  better: "higher" | "lower";
  ours: () => Figure | Promise<Figure>;
  /** Commands that print one JSON line each, and the key of it to compare. */
  peers: readonly { name: string; cmd: readonly string[]; key: string; where?: (f: Figure) => boolean }[];
}

const netns = (script: string, ...args: string[]): string[] => [script.endsWith(".py") ? "python3" : "sh", `${PEERS}netns/${script}`, ...args];
const ns3 = (program: string, ...args: string[]): string[] => [`${BUILD}ns3/${program}`, ...args];
const packets = (k: number): number => (k === 32 ? 30_000 : 100_000);

const workloads: Workload[] = [
  ...[1, 8, 32].flatMap((k): Workload[] => [
    {
      name: `w1 k=${k}`, key: "hops_per_cpu_s", better: "higher", ours: () => chain(k, packets(k), false),
      peers: [
        { name: "netns", cmd: netns("w1_chain.sh", String(k), "100000"), key: "hops_per_cpu_s" },
        { name: "ns-3 CSMA, checksums", cmd: ns3("w1_chain", `--k=${k}`, `--n=${packets(k)}`, "--link=csma", "--checksum=1"), key: "hops_per_cpu_s" },
      ],
    },
    {
      name: `w1 k=${k} with conntrack`, key: "hops_per_cpu_s", better: "higher", ours: () => chain(k, packets(k), false, true),
      peers: [{ name: "netns", cmd: netns("w1_chain.sh", String(k), "100000", "nat"), key: "hops_per_cpu_s" }],
    },
    { name: `w1 k=${k} with capture`, key: "hops_per_cpu_s", better: "higher", ours: () => chain(k, packets(k), true), peers: [] },
  ]),
  {
    name: "w2 64 hosts, all pairs", key: "cpu_s", better: "lower", ours: () => allPairs(64),
    peers: [
      { name: "netns", cmd: netns("w2_switch.sh", "64"), key: "cpu_s" },
      { name: "ns-3, checksums", cmd: ns3("w2_switch", "--hosts=64"), key: "cpu_s" },
    ],
  },
  { name: "w4 lab start to first reply", key: "wall_ms", better: "lower", ours: labStart, peers: [{ name: "netns script", cmd: netns("w4_start.sh", "1"), key: "wall_s" }] },
  {
    name: "w5 1000 nodes", key: "build_cpu_s", better: "lower", ours: () => mesh(1000),
    peers: [
      { name: "ns-3", cmd: ns3("w5_mesh", "--n=1000"), key: "build_cpu_s" },
      { name: "netns", cmd: netns("w5_scale.py", "1000"), key: "build_cpu_s" },
    ],
  },
  { name: "w7 bulk TCP, one router", key: "mb_per_cpu_s", better: "higher", ours: () => bulk(100), peers: [] },
  { name: "replay of a one-hour session", key: "wall_ms", better: "lower", ours: labReplay, peers: [] },
  { name: "browser: a lab room", key: "browser_w4_ms", better: "lower", ours: rooms, peers: [] },
];

function fail(text: string, code: number): never {
  console.error(`bench: ${text}`);
  process.exit(code);
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
const json = take("--json");
const withPeers = take("--peers");
const runsAt = args.indexOf("--runs");
const runs = runsAt >= 0 ? Number(args.splice(runsAt, 2)[1]) : 5;
if (!Number.isInteger(runs) || runs < 1) fail("--runs takes a whole number from 1", 2);
for (const a of args) if (!workloads.some((w) => keyOf(w) === a)) fail(`there is no workload '${a}'; ${USAGE}`, 2);
// The browser needs the built site: only on request.
const chosen = workloads.filter((w) => (args.length === 0 ? keyOf(w) !== "browser" : args.includes(keyOf(w))));

function keyOf(w: Workload): string {
  return /^\w+/.exec(w.name)![0];
}

function take(flag: string): boolean {
  const at = args.indexOf(flag);
  if (at >= 0) args.splice(at, 1);
  return at >= 0;
}

if (withPeers) preparePeers();
function preparePeers(): void {
  if (process.platform !== "linux" || process.getuid?.() !== 0) fail("--peers needs Linux and root: it makes network namespaces", 2);
  mkdirSync(`${BUILD}netns`, { recursive: true });
  if (existsSync(`${BUILD}ns3/w5_mesh`)) return;
  const r = spawnSync("sh", [`${PEERS}ns3/build.sh`], { stdio: ["ignore", 2, 2], env: { ...process.env, BUILD: `${BUILD}ns3` } });
  if (r.status !== 0) fail("ns-3 could not be built (Debian: apt-get install libns3-dev g++)", 1);
}

function runPeer(cmd: readonly string[]): Figure[] {
  const r = spawnSync(cmd[0]!, cmd.slice(1), { encoding: "utf8", env: { ...process.env, BUILD: `${BUILD}netns` }, maxBuffer: 1 << 24 });
  if (r.status !== 0) fail(`${cmd.join(" ")} failed: ${(r.stderr || String(r.error)).trim().split("\n").pop()}`, 1);
  return r.stdout.split("\n").filter((l) => l.startsWith("{")).map((l) => JSON.parse(l) as Figure);
}

const median = (xs: number[]): number => xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 2)]!;
const spread = (xs: number[]): string => [Math.min(...xs), median(xs), Math.max(...xs)].map((x) => (x >= 1000 ? Math.round(x).toLocaleString("en") : x.toPrecision(3))).join(" / ");

for (const w of chosen) {
  const ours: number[] = [];
  const theirs = w.peers.map(() => [] as number[]);
  let last: Figure | undefined;
  await w.ours(); // warm-up: the first run compiles
  for (let i = 0; i < runs; i++) {
    last = await w.ours();
    ours.push(Number(last[w.key]));
    if (!withPeers) continue;
    for (const [p, peer] of w.peers.entries()) {
      const f = runPeer(peer.cmd).at(-1);
      const value = Number(f?.[peer.key]);
      if (Number.isFinite(value)) theirs[p]!.push(peer.key === "wall_s" && w.key === "wall_ms" ? value * 1000 : value);
    }
  }
  const ratios = w.peers.map((peer, p) => ({ peer: peer.name, median: theirs[p]!.length > 0 ? median(theirs[p]!) : undefined, ratio: theirs[p]!.length > 0 ? median(ours) / median(theirs[p]!) : undefined }));
  if (json) console.log(JSON.stringify({ workload: w.name, key: w.key, better: w.better, runs: ours, median: median(ours), last, peers: ratios }));
  else {
    console.log(`${w.name.padEnd(30)} ${w.key} (${w.better} is better)  min / median / max: ${spread(ours)}`);
    for (const r of ratios) if (r.ratio !== undefined) console.log(`${"".padEnd(30)}   ${r.peer}: median ${spread([r.median!]).split(" / ")[0]}; ours is ${r.ratio.toPrecision(3)} of that`);
    for (const [k, v] of Object.entries(last ?? {})) if (!["bench", w.key].includes(k)) console.log(`${"".padEnd(30)}   ${k} ${v}`);
  }
}
