/** sudo 1.9.13: everybody may do everything, as root is who sits at these machines. */
import { strerror } from "../../kernel/errno.ts";
import { defineCommand } from "../command.ts";
import { exec, lookUp } from "../exec.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run } from "../process.ts";
import { findUser, groups, userName, type User } from "../users.ts";

const USAGE = `usage: sudo -h | -K | -k | -V
usage: sudo -v [-ABkNnS] [-g group] [-h host] [-p prompt] [-u user]
usage: sudo -l [-ABkNnS] [-g group] [-h host] [-p prompt] [-U user] [-u user] [command [arg ...]]
usage: sudo [-ABbEHkNnPS] [-r role] [-t type] [-C num] [-D directory] [-g group] [-h host] [-p prompt] [-R directory] [-T timeout] [-u user] [VAR=value] [-i | -s] [command [arg ...]]
usage: sudo -e [-ABkNnS] [-r role] [-t type] [-C num] [-D directory] [-g group] [-h host] [-p prompt] [-R directory] [-T timeout] [-u user] file ...
`;
const SECURE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

function environment(proc: Process, user: User, words: readonly string[], keep: boolean): Map<string, string> {
  const env = new Map(keep ? proc.env : [...proc.env].filter(([name]) => /^(LANG|LC_.*|TERM|TZ|DISPLAY|COLORTERM)$/.test(name)));
  env.set("PATH", SECURE_PATH);
  for (const name of ["USER", "LOGNAME"]) env.set(name, user.name);
  env.set("HOME", user.home);
  env.set("SHELL", user.shell);
  env.set("SUDO_COMMAND", words.join(" "));
  env.set("SUDO_USER", userName(proc, proc.uid) ?? "root");
  env.set("SUDO_UID", String(proc.uid));
  env.set("SUDO_GID", String(proc.gid));
  return env;
}

function* unknown(proc: Process, what: string): Run<number> {
  yield* proc.warn(`sudo: ${what}\nsudo: error initializing audit plugin sudoers_audit\n`);
  return 1;
}

export const sudo = defineCommand({
  name: "sudo",
  man: {
    summary: "execute a command as another user",
    synopsis: ["sudo [-u user] [-g group] [VAR=value] [-i | -s] [command [arg ...]]"],
    emulated: ["-u user, -g group, -i, -s, -n, -E, -H, -k, -K, -v, -D directory", "The command runs at once: no password is asked."],
    notEmulated: ["/etc/sudoers, -l, -e, -b, plugins."],
    examples: ["sudo ip link show", "sudo -u nobody id"],
  },
  *run(proc, args) {
    const parsed = getopt(args, "+ABbC:D:Eeg:Hh:iKklNnPp:R:r:ST:t:U:u:Vvs", {
      help: "help", version: "V", user: "u:", group: "g:", login: "i", shell: "s", "non-interactive": "n", "preserve-env": "E::", "set-home": "H", "reset-timestamp": "k", "remove-timestamp": "K", validate: "v", list: "l",
      edit: "e", background: "b", chdir: "D:",
    });
    if (parsed.error !== undefined) {
      yield* proc.warn(`sudo: ${parsed.error}\n${USAGE}`);
      return 1;
    }
    const option = (key: string): string | undefined => parsed.options.findLast((o) => o.key === key)?.value;
    const has = (key: string): boolean => parsed.options.some((o) => o.key === key);
    for (const key of ["l", "e", "b", "U", "R", "T"]) {
      if (!has(key)) continue;
      yield* proc.warn(`packetwalk: 'sudo -${key}' is not emulated\n`);
      return 95;
    }
    if (has("V")) {
      yield* proc.print("Sudo version 1.9.13p3\n");
      return 0;
    }
    if (has("help")) {
      yield* proc.print(`sudo - execute a command as another user\n\n${USAGE}`);
      return 0;
    }
    const words = [...parsed.operands];
    const assigned: [string, string][] = [];
    while (/^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0] ?? "")) {
      const word = words.shift()!;
      assigned.push([word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]);
    }
    const shell = has("i") || has("s");
    if (words.length === 0 && !shell) {
      if (has("k") || has("K") || has("v")) return 0;
      yield* proc.warn(USAGE);
      return 1;
    }
    const name = option("u") ?? "root";
    const user = findUser(proc, name.replace(/^#/, ""));
    if (!user) return yield* unknown(proc, `unknown user ${name}`);
    const group = option("g") === undefined ? undefined : groups(proc).find((g) => g.name === option("g") || String(g.gid) === option("g")!.replace(/^#/, ""));
    if (option("g") !== undefined && !group) return yield* unknown(proc, `unknown group ${option("g")}`);
    const program = has("i") ? user.shell : (proc.env.get("SHELL") ?? user.shell);
    const command = shell ? (words.length > 0 ? [program, "-c", words.map(escape).join(" ")] : [program]) : words;
    const env = environment(proc, user, command, has("E"));
    for (const [key, value] of assigned) env.set(key, value);
    const image = lookUp(proc, command, env.get("PATH"));
    if (typeof image === "string") {
      yield* proc.warn(`sudo: ${command[0]}: ${image === "ENOENT" ? "command not found" : strerror(image)}\n`);
      return 1;
    }
    proc.uid = user.uid;
    proc.gid = group?.gid ?? user.gid;
    const dir = option("D") ?? (has("i") ? user.home : undefined);
    if (dir !== undefined && proc.machine.fs.stat(dir).ok) proc.cwd = dir;
    return yield* exec(proc, shell && has("i") ? { ...image, argv: [`-${program.slice(program.lastIndexOf("/") + 1)}`, ...image.argv.slice(1)] } : image, env);
  },
});

/** What -s and -i do to the words before the shell sees them. */
function escape(word: string): string {
  return word.replace(/[^A-Za-z0-9_$-]/g, "\\$&");
}
