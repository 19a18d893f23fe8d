// Plain JavaScript for any Node >= 18: finds a good Node, installs the locked packages, runs one task.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
// npm changes to the package; paths are the caller's.
const calledFrom = process.env.npm_lifecycle_event === undefined ? process.cwd() : (process.env.INIT_CWD ?? process.cwd());
process.chdir(root);
const win = process.platform === "win32";
const [major, minor] = process.versions.node.split(".").map(Number);
const good = major >= 24 || (major === 22 && minor >= 22);

/** Runs a command to its end with this terminal; stops the whole run when it fails. */
function sh(cmd, args, options = {}) {
  const r = spawnSync(cmd, args, { stdio: "inherit", shell: win, ...options });
  if (r.status !== 0) process.exit(r.status ?? 1);
}
/** npm talks on standard error only, so that `packetwalk ... --json` stays clean. */
const npm = (args, env) => sh(win ? "npm.cmd" : "npm", args, { env, stdio: ["ignore", 2, 2] });

let bin = dirname(process.execPath);
if (!good) {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    console.error(`Packetwalk needs Node 22.22+ or 24+; this is ${process.versions.node}.`);
    process.exit(1);
  }
  bin = join(root, "tools/node/node_modules", `node-linux-${process.arch}`, "bin");
  if (!existsSync(join(bin, "node"))) {
    console.error(`Node ${process.versions.node} is too old here; fetching Node 24 for this project only ...`);
    npm(["ci", "--prefix", "tools/node", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], process.env);
  }
}
const env = {
  ...process.env,
  PATH: [bin, join(root, "node_modules/.bin"), process.env.PATH].join(delimiter),
  ASTRO_TELEMETRY_DISABLED: "1",
  PACKETWALK_CWD: calledFrom,
};
const lock = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
const stamp = "node_modules/.packetwalk-lock";
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], env);
  writeFileSync(stamp, lock);
}

const typescript = ["node", "--disable-warning=ExperimentalWarning"];
const build = [
  ["astro", "build"],
  ["pagefind", "--site", "dist"],
];
const tasks = {
  build,
  dev: [["astro", "dev"]],
  start: [...build, ["astro", "preview", "--host", "127.0.0.1", "--port", process.env.PORT ?? "4321"]],
  test: [["node", "tools/test.mjs"]],
  bench: [[...typescript, "--expose-gc", "tools/bench/main.ts"]],
  packetwalk: [[...typescript, "src/cli/main.ts"]],
};
const task = process.argv[2];
const steps = tasks[task];
if (!steps) {
  console.error(`usage: node tools/run.mjs ${Object.keys(tasks).join("|")}`);
  process.exit(2);
}
const passesArguments = ["test", "bench", "packetwalk"].includes(task);
for (const [cmd, ...args] of steps) sh(cmd, passesArguments ? [...args, ...process.argv.slice(3)] : args, { env });
