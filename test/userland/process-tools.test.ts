/** Tools about processes and the machine. What test/conformance/proc holds is not repeated. */
import { describe, expect, test } from "vitest";
import { makeMachine, sh } from "./machine.ts";

const run = (line: string): string => {
  const got = sh(makeMachine(), `{ ${line}\n} 2>&1; echo "=$?"`);
  return got.stdout;
};

describe("timeout", () => {
  test.each([
    ["timeout 1 sleep 5", "=124\n"], ["timeout 5 sleep 1", "=0\n"], ["timeout -s KILL 1 sleep 5", "Killed\n=137\n"], ["timeout --preserve-status 1 sleep 5", "=143\n"], ["timeout -k 1 1 sh -c 'trap \"\" TERM; sleep 5'", "Killed\n=137\n"],
    ["timeout -v 1 sleep 5", "timeout: sending signal TERM to command ‘sleep’\n=124\n"], ["timeout 1 sh -c 'exit 3'", "=3\n"], ["timeout x true", "timeout: invalid time interval ‘x’\nTry 'timeout --help' for more information.\n=125\n"],
    ["timeout 1 nosuch", "timeout: failed to run command ‘nosuch’: No such file or directory\n=127\n"], ["timeout 1", "Try 'timeout --help' for more information.\n=125\n"],
  ])("%s", (line, want) => expect(run(line)).toBe(want));
});

describe("xargs", () => {
  test.each([
    ["seq 5 | xargs -n2 echo", "1 2\n3 4\n5\n=0\n"], ["seq 4 | xargs -L2 echo", "1 2\n3 4\n=0\n"], ["printf 'a b\\nc\\n' | xargs -I{} echo {}-{}", "a b-a b\nc-c\n=0\n"],
    ["printf 'a,b,c' | xargs -d, -n1 echo", "a\nb\nc\n=0\n"], ["echo a b | xargs -P2 -n1 echo | sort", "a\nb\n=0\n"], ["seq 3 | xargs -n1 sh -c 'exit 255'", "xargs: sh: exited with status 255; aborting\n=124\n"],
    ["echo x | xargs sh -c 'kill $$'", "xargs: sh: terminated by signal 15\n=125\n"], ["xargs -z < /dev/null", "xargs: invalid option -- 'z'\nTry 'xargs --help' for more information.\n=1\n"],
  ])("%s", (line, want) => expect(run(line)).toBe(want));

  test("a command line holds what -s says", () => expect(run("seq 9 | xargs -s 14 echo")).toBe("1 2 3 4\n5 6 7 8\n9\n=0\n"));
});

describe("date", () => {
  test.each([
    ["date -d @0", "Thu Jan  1 00:00:00 UTC 1970\n=0\n"], ["date -d '2026-02-28 +1 day' +%F", "2026-03-01\n=0\n"], ["date -d '2024-02-29 12:34:56' +%s", "1709210096\n=0\n"],
    ["date -d '1 Jan 2026 10:00 +0200' +%T", "08:00:00\n=0\n"], ["date -d 'Jan 31 2026 1 month' +%F", "2026-03-03\n=0\n"], ["date -R -d @0", "Thu, 01 Jan 1970 00:00:00 +0000\n=0\n"],
    ["date -Iseconds -d @0", "1970-01-01T00:00:00+00:00\n=0\n"], ["date -d nonsense", "date: invalid date ‘nonsense’\n=1\n"], ["date -s 12:00", "packetwalk: 'date -s' is not emulated\n=95\n"],
  ])("%s", (line, want) => expect(run(line)).toBe(want));
});

describe("env, nice, nohup, sudo, su", () => {
  test.each([
    ["env -i A=1 env", "A=1\n=0\n"], ["A=1 env -u A printenv A", "=1\n"], ["env -C /tmp sh -c pwd", "/tmp\n=0\n"], ["env -S 'echo a \"b  c\"'", "a b  c\n=0\n"], ["nice -n 5 nice", "5\n=0\n"], ["nice nice nice", "19\n=0\n"],
    ["nohup echo x", "x\n=0\n"], ["sudo -u nobody sh -c 'id -u; echo $HOME $SUDO_USER'", "65534\n/nonexistent root\n=0\n"], ["sudo X=1 printenv X", "1\n=0\n"], ["su -s /bin/sh -c 'whoami; pwd' nobody", "nobody\n/root\n=0\n"],
    ["su nobody -c id", "This account is currently not available.\n=1\n"], ["sudo -u nobody cat /etc/shadow", "cat: /etc/shadow: Permission denied\n=1\n"], ["sudo -l", "packetwalk: 'sudo -l' is not emulated\n=95\n"],
  ])("%s", (line, want) => expect(run(line)).toBe(want));
});

describe("ps, kill, pkill", () => {
  test.each([
    ["sleep 9 & ps -C sleep -o comm=,args=; kill $!", "sleep           sleep 9\n=0\n"], ["ps -o ppid= -p 1 | tr -d ' '", "0\n=0\n"], ["ps -p 1 -o pid,comm --no-headers", "      1 sh\n=0\n"],
    ["ps -Q 2>&1 | head -1", "error: unsupported SysV option\n=0\n"], ["ps -o nosuch", "error: unknown user-defined format specifier \"nosuch\"\n", ], ["sleep 9 & sleep 9 & pgrep -c sleep; pkill -e sleep | sed 's/pid [0-9]*/pid N/'", "2\nsleep killed (pid N)\nsleep killed (pid N)\n=0\n"],
    ["sleep 7 & sleep 0.1; pgrep -a -f '^sleep [0-9]' | cut -d' ' -f2-; killall sleep", "sleep 7\n=0\n"], ["env kill -l 9", "KILL\n=0\n"], ["env kill 99999", "kill: (99999): No such process\n=1\n"], ["env kill abc", "kill: failed to parse argument: 'abc'\n=1\n"],
    ["sleep 9 & nohup sh -c 'kill -STOP '$!; ps -o stat= -p $!; kill -9 $!", "T\n=0\n"],
  ])("%s", (line, want) => expect(run(line).startsWith(want)).toBe(true));

  test("ps aux has the columns of procps", () => {
    const lines = sh(makeMachine(), "ps aux").stdout.split("\n");
    expect(lines[0]).toBe("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND");
    expect(lines[1]).toMatch(/^root {11}1 {2}0\.0 {2}0\.0 {6}0 {5}0 \? {8}Ss {3}[0-9:]{5} {3}0:00 sh$/);
  });
});

describe("uname, hostname, man", () => {
  test.each([
    ["uname -sn", "Linux h1\n=0\n"], ["uname -z", "uname: invalid option -- 'z'\nTry 'uname --help' for more information.\n=1\n"], ["hostname a.b; hostname; hostname -s; uname -n", "a.b\na\na.b\n=0\n"],
    ["hostname -i", "127.0.1.1\n=0\n"], ["hostname '-x y'", "hostname: invalid option -- 'x'\n"], ["man nosuch", "No manual entry for nosuch\n=16\n"], ["whatis sleep", "sleep (1)            - delay for a specified amount of time\n=0\n"],
    ["which -a sleep", "/usr/bin/sleep\n/bin/sleep\n=0\n"], ["nproc", "1\n=0\n"], ["tty", "not a tty\n=1\n"], ["stty", "stty: 'standard input': Inappropriate ioctl for device\n=1\n"],
  ])("%s", (line, want) => expect(run(line).startsWith(want)).toBe(true));

  test("every command has a page that names what is and what is not emulated", () => {
    const m = makeMachine();
    for (const c of m.commands) {
      const page = sh(m, `man ${c.name}`).stdout;
      expect(page, c.name).toContain("\nNAME\n");
      expect(page, c.name).toContain("\nEMULATED\n");
      for (const l of page.split("\n")) expect(l.length).toBeLessThanOrEqual(100);
    }
  });
});

describe("/proc and /dev", () => {
  test.each([
    ["cat /proc/self/comm", "cat\n=0\n"], ["readlink /proc/self/fd/0", "/dev/null\n=0\n"], ["echo x | cat /dev/stdin", "x\n=0\n"], ["cat /proc/$$/cmdline | tr '\\0' ' ' | cut -c1-10 | head -1", "/bin/sh -c\n=0\n"],
    ["echo h9 > /proc/sys/kernel/hostname; hostname", "h9\n=0\n"], ["echo x > /dev/full", "/bin/sh: 1: echo: echo: I/O error\n=1\n"], ["cat /proc/nosuch", "cat: /proc/nosuch: No such file or directory\n=1\n"],
    ["mkdir /proc/x; echo $?", "mkdir: cannot create directory ‘/proc/x’: No such file or directory\n1\n"], ["head -c 3 /dev/zero | tr '\\0' z", "zzz=0\n"], ["cat /dev/tty", "cat: /dev/tty: No such device or address\n=1\n"],
  ])("%s", (line, want) => expect(run(line).startsWith(want)).toBe(true));
});
