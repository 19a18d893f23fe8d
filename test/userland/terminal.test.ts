/** A person at a terminal: what bash shows, key by key. */
import { describe, expect, test } from "vitest";
import { makeMachine, Person } from "./machine.ts";

const PROMPT = "root@h1:~# ";

function screenOf(...keys: string[]): string {
  const person = new Person(makeMachine());
  person.seen = "";
  return keys.map((k) => person.type(k)).join("");
}

describe("commands", () => {
  test.each([
    ["a line", ["echo hi\r"], `echo hi\nhi\n${PROMPT}`],
    ["a command over lines", ["for i in 1 2\r", "do echo $i; done\r"], `for i in 1 2\n> do echo $i; done\n1\n2\n${PROMPT}`],
    ["Ctrl-C ends a program", ["sleep 100\r", "\x03", "echo $?\r"], `sleep 100\n^C\n${PROMPT}echo $?\n130\n${PROMPT}`],
    ["Ctrl-C gives a line up", ["echo typed\x03", "echo $?\r"], `echo typed^C\n${PROMPT}echo $?\n130\n${PROMPT}`],
    ["Ctrl-C ends a loop", ["while :; do :; done\r", "\x03"], `while :; do :; done\n^C\n${PROMPT}`],
    ["Ctrl-Z stops, fg goes on", ["sleep 2\r", "\x1a", "fg\r", "\x03"], `sleep 2\n^Z\n[1]+  Stopped                 sleep 2\n${PROMPT}fg\nsleep 2\n^C\n${PROMPT}`],
    ["a job ends", ["sleep 0.1 &\r", "\r"], new RegExp(`^sleep 0.1 &\\n\\[1\\] [0-9]+\\n${PROMPT.replace("$", "\\$")}\\n\\[1\\]\\+  Done                    sleep 0.1\\n`)],
    ["a subshell in the background leaves the terminal to the shell", ["(sleep 5; true) &\r", "echo hi\r"], new RegExp(`^\\(sleep 5; true\\) &\\n\\[1\\] [0-9]+\\n${PROMPT.replace("$", "\\$")}echo hi\\nhi\\n${PROMPT.replace("$", "\\$")}$`)],
    ["no such command", ["nosuch\r"], `nosuch\n-bash: nosuch: command not found\n${PROMPT}`],
    ["a wrong line", ["echo )\r"], `echo )\n-bash: syntax error near unexpected token \`)'\n${PROMPT}`],
    ["history", ["echo one two\r", "echo !$\r"], `echo one two\none two\n${PROMPT}echo !$\necho two\ntwo\n${PROMPT}`],
    ["an event that is not there", ["!nosuch\r"], `!nosuch\n-bash: !nosuch: event not found\n${PROMPT}`],
    ["end of file in a program", ["cat\r", "x\r", "\x04"], `cat\nx\nx\n${PROMPT}`],
    ["a new shell after the end of one", ["\x04"], `logout\n${PROMPT}`],
    ["text without a newline stays before the prompt", ["printf abc\r"], `printf abc\nabc${PROMPT}`],
  ])("%s", (_, keys, want) => {
    const seen = screenOf(...keys);
    if (typeof want === "string") expect(seen).toBe(want);
    else expect(seen).toMatch(want);
  });
});

describe("editing", () => {
  /** The line as bash got it. */
  const entered = (keys: string): string => {
    const person = new Person(makeMachine());
    person.type(`${keys}\r`);
    return person.type("history 2\r").split("\n").find((l) => /^ +1 /.test(l))?.slice(7) ?? "";
  };

  test.each([
    ["arrows", ": ac\x1b[Db", ": abc"],
    ["Home, End", "b\x1b[H: a\x1b[Fc", ": abc"],
    ["Ctrl-A, Ctrl-E", "b\x01: a\x05c", ": abc"],
    ["Delete, Backspace", ": abxcx\x7f\x1b[D\x1b[D\x1b[3~", ": abc"],
    ["Ctrl-K, Ctrl-Y", ": abc\x1b[D\x0b\x19", ": abc"],
    ["Ctrl-U", "wrong\x15: abc", ": abc"],
    ["Ctrl-W and what it took", ": abc xyz\x17\x7f", ": abc"],
    ["words", ": one two\x1bb\x1bbX\x1bfY", ": XoneY two"],
    ["Alt-D, Alt-Backspace", ": one two three\x1bb\x1bb\x1bd\x1b\x7f", ":  three"],
    ["Ctrl-T", ": bac\x1b[D\x1b[D\x14", ": abc"],
    ["case", ": abc\x1bb\x1bu", ": ABC"],
    ["undo", ": abc\x17\x1f", ": abc"],
    ["a pasted line", "\x1b[200~: a b\x1b[201~", ": a b"],
    ["wide characters", ": 日語\x1b[D本", ": 日本語"],
    ["Ctrl-V", ": a\x16\tb", ": a\tb"],
  ])("%s", (_, keys, want) => expect(entered(keys)).toBe(want));

  test("the history is walked and searched", () => {
    const person = new Person(makeMachine());
    person.type("echo alpha\r");
    person.type("echo beta\r");
    expect(person.type("\x1b[A\x1b[A\r")).toContain("alpha\n");
    expect(person.type("\x12bet\r")).toMatch(/reverse-i-search\)`bet': echo beta/);
    expect(person.seen.endsWith(PROMPT)).toBe(true);
  });
});

describe("completion", () => {
  test.each([
    ["a command", "unalia\t", "unalias "],
    ["a directory", "cd /usr/loc\t", "cd /usr/local/"],
    ["a file with a blank", "cat a\t", "cat a\\ b "],
    ["in quotes", "cat \"a\t", "cat \"a b\" "],
    ["a variable", "echo $HOSTN\t", "echo $HOSTNAME "],
    ["after a redirection", "cat < a\t", "cat < a\\ b "],
    ["after sudo", "sudo unam\t", "sudo uname "],
    ["in the middle of a pipe", "ls | unam\t", "ls | uname "],
    ["nothing", "cat nosuch\t", "cat nosuch\x07"],
  ])("%s", (_, keys, want) => {
    const m = makeMachine();
    m.fs.writeFile("/root/a b", new Uint8Array(0));
    const person = new Person(m);
    const before = person.seen.length;
    person.type(keys);
    const shown = person.seen.slice(before);
    // What is drawn last is the line as it stands.
    expect(shown.replace(/\x1b\[[0-9;]*[A-Za-z]|\r/g, "").split(PROMPT).pop()).toBe(want);
  });

  test("the second Tab lists what there is", () => {
    const m = makeMachine();
    for (const name of ["xa", "xb"]) m.fs.writeFile(`/root/${name}`, new Uint8Array(0));
    const person = new Person(m);
    expect(person.type("cat x\t")).toBe("cat x\x07");
    expect(person.type("\t")).toContain("\nxa  xb\n");
  });
});

describe("the screen", () => {
  test("a line longer than the screen wraps where the terminal wraps", () => {
    const person = new Person(makeMachine(), 20);
    const before = person.seen.length;
    person.type(`echo ${"a".repeat(10)}`);
    // 11 columns of prompt, 9 of the line; then a blank that makes the terminal wrap.
    expect(person.seen.slice(before)).toBe("echo aaaa \raaaaaa");
  });

  test("a new width is used at once", () => {
    const person = new Person(makeMachine(), 80);
    person.tty.resize(40, 10);
    expect(person.type("echo $COLUMNS $LINES\r")).toContain("\n40 10\n");
  });

  test("a full-screen program's keys are its own, and the line is as before after it", () => {
    const person = new Person(makeMachine());
    person.type("watch -n1 -t echo hi\r");
    expect(person.seen).toContain("\x1b[?1049h");
    person.type("\x03");
    expect(person.seen).toContain("\x1b[?1049l");
    expect(person.type("echo back\r")).toContain("\nback\n");
  });
});
