import { describe, expect, test } from "vitest";
import { SECOND } from "../../src/sim/time.ts";
import { makeMachine, Person, sh } from "./machine.ts";

describe("signals and children", () => {
  test.each([
    ["a process that a signal ends has status 128 and its number", "sh -c 'kill -9 $$'; echo $?", "137\n"],
    ["one that ignores it goes on", "trap '' TERM; kill $$; echo on", "on\n"],
    ["ignoring is inherited, a handler is not", "trap '' INT; trap 'echo h' TERM; sh -c 'kill -INT $$; echo a; kill $$; echo no'", "a\n"],
    ["a stopped process runs on after SIGCONT", "(sleep 0.1; echo done) & kill -STOP $!; sleep 1; kill -CONT $!; wait; echo end", "done\nend\n"],
    ["SIGKILL ends a stopped one", "sleep 9 & kill -STOP $!; kill -9 $!; wait $! 2>/dev/null; echo $?", "137\n"],
    ["an orphan belongs to init", "sh -c 'sleep 5 & echo $!' > f; ps -o ppid= -p $(cat f) | tr -d ' '; kill $(cat f)", "1\n"],
  ])("%s", (_, line, want) => expect(sh(makeMachine(), line).stdout).toBe(want));

  test("nothing is left behind", () => {
    const m = makeMachine();
    sh(m, "for i in 1 2 3; do sleep 0.1 & done; echo a | cat | cat; (exit 3); wait");
    expect([...m.processes.keys()]).toEqual([1]);
  });

  test("a sleep takes its time and not a microsecond more", () => {
    const m = makeMachine();
    const before = m.clock.now;
    sh(m, "sleep 2.5");
    expect(m.clock.now - before).toBeGreaterThanOrEqual(2.5 * SECOND);
    expect(m.clock.now - before).toBeLessThan(2.5 * SECOND + 100_000);
  });

  test("a terminal that goes away takes its programs with it", () => {
    const m = makeMachine();
    const person = new Person(m);
    person.type("sleep 1000\r");
    expect(m.processes.size).toBe(3);
    m.closeTerminal(person.tty);
    person.wait(1);
    expect([...m.processes.keys()]).toEqual([1]);
    expect(m.terminals).toEqual([]);
  });

  test("two terminals do not know each other", () => {
    const m = makeMachine();
    const [a, b] = [new Person(m), new Person(m)];
    a.type("x=1; sleep 5\r");
    expect(b.type("echo [$x] $(tty)\r")).toContain("\n[] /dev/pts/1\n");
    b.type("\x03");
    expect(sh(m, "pgrep -c sleep").stdout).toBe("1\n");
  });

  test("the same machine does the same twice", () => {
    const run = (): string => {
      const m = makeMachine();
      return sh(m, "head -c 8 /dev/urandom | base64; echo $$; yes | head -3; date +%N; cat /proc/uptime").stdout;
    };
    expect(run()).toBe(run());
  });
});
