// System programs the tests need. As root on Debian the missing ones are installed; elsewhere they are named, and the run fails.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Program looked for, and the Debian package that has it. */
const NEEDED = [
  { program: "chromium", package: "chromium", env: "CHROMIUM_PATH" },
  { program: "firefox-esr", package: "firefox-esr", env: "FIREFOX_PATH" },
  { program: "tshark", package: "tshark" },
  // Real programs that talk with emulated machines over a TAP device.
  { program: "socat", package: "socat" },
  { program: "ip", package: "iproute2" },
  { program: "ping", package: "iputils-ping" },
  { program: "tcpdump", package: "tcpdump" },
  { program: "curl", package: "curl" },
  { program: "python3", package: "python3" },
];

const has = (program) => (process.env.PATH ?? "").split(":").concat("/usr/bin", "/usr/sbin").some((dir) => dir !== "" && existsSync(`${dir}/${program}`));

/** @returns the names of what is still missing. */
export function ensurePrograms() {
  const missing = NEEDED.filter((n) => !(n.env && process.env[n.env]) && !has(n.program));
  if (missing.length === 0) return [];
  const packages = missing.map((n) => n.package);
  const canInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (canInstall) {
    const apt = (...args) => spawnSync("apt-get", args, { stdio: ["ignore", 2, 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } }).status === 0;
    console.log(`Installing ${packages.join(", ")} ...`);
    if (apt("-qq", "update")) apt("-qq", "install", "-y", "--no-install-recommends", ...packages);
  }
  const still = missing.filter((n) => !has(n.program));
  for (const n of still) console.error(`The tests need ${n.program}: apt-get install -y ${n.package}${n.env ? ` (or set ${n.env})` : ""}`);
  return still.map((n) => n.program);
}
