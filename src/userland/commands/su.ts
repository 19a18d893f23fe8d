/** su: util-linux 2.38. */
import { strerror } from "../../kernel/errno.ts";
import { defineCommand } from "../command.ts";
import { exec, lookUp } from "../exec.ts";
import { getopt } from "../getopt.ts";
import { findUser } from "../users.ts";

export const su = defineCommand({
  name: "su",
  man: {
    summary: "run a command with substitute user and group ID",
    synopsis: ["su [options] [-] [user [argument...]]"],
    emulated: ["-c command, -, -l, --login, -s shell, -m, -p", "root becomes anybody without a password."],
    notEmulated: ["Passwords, PAM, -P, -g, -G."],
    examples: ["su -c id nobody -s /bin/sh"],
  },
  *run(proc, args) {
    const login = args.includes("-");
    const parsed = getopt(args.filter((a) => a !== "-"), "c:flmpg:G:hs:VPTw:", {
      command: "c:", fast: "f", login: "l", "preserve-environment": "m", shell: "s:", help: "h", version: "V", group: "g:", pty: "P", "session-command": "c:",
    });
    if (parsed.error !== undefined) {
      yield* proc.warn(`su: ${parsed.error}\nTry 'su --help' for more information.\n`);
      return 1;
    }
    const option = (key: string): string | undefined => parsed.options.findLast((o) => o.key === key)?.value;
    const has = (key: string): boolean => parsed.options.some((o) => o.key === key);
    for (const key of ["g", "G", "P", "T"]) {
      if (!has(key)) continue;
      yield* proc.warn(`packetwalk: 'su -${key}' is not emulated\n`);
      return 95;
    }
    const name = parsed.operands[0] ?? "root";
    const user = findUser(proc, name);
    if (!user || user.name !== name) {
      yield* proc.warn(`su: user ${name} does not exist or the user entry does not contain all the required fields\n`);
      return 1;
    }
    const shell = option("s") ?? user.shell;
    const asLogin = login || has("l");
    const env = new Map(asLogin ? [...proc.env].filter(([n]) => n === "TERM") : proc.env);
    if (!has("m") && !has("p")) {
      env.set("HOME", user.home);
      env.set("SHELL", shell);
      if (user.uid !== 0 || asLogin) for (const n of ["USER", "LOGNAME"]) env.set(n, user.name);
      if (asLogin) env.set("PATH", user.uid === 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" : "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games");
    }
    if (shell.endsWith("/nologin")) {
      yield* proc.print("This account is currently not available.\n");
      return 1;
    }
    const command = option("c");
    const base = shell.slice(shell.lastIndexOf("/") + 1);
    const image = lookUp(proc, [shell, ...(command === undefined ? [] : ["-c", command]), ...parsed.operands.slice(1)]);
    if (typeof image === "string") {
      yield* proc.warn(`su: failed to execute ${shell}: ${strerror(image)}\n`);
      return image === "ENOENT" ? 127 : 126;
    }
    proc.uid = user.uid;
    proc.gid = user.gid;
    if (asLogin && proc.machine.fs.stat(user.home).ok) proc.cwd = user.home;
    return yield* exec(proc, { ...image, argv: [asLogin ? `-${base}` : base, ...image.argv.slice(1)] }, env);
  },
});
