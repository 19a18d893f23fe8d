/** less, more and man with a person at the terminal: what each key shows, and that q always leaves. */
import { expect, test } from "vitest";
import { makeMachine, Person, sh } from "./machine.ts";

const SETUP = "seq 30 > seq; printf 'one\\ntwo\\nthree\\nfour\\nfive\\n' > a; printf 'b\\na\\n' > b; printf 'x%.0s' $(seq 50) > long; printf 'a\\033[31mred\\033[0m\\ttab\\001\\n' > red";

function person(): Person {
  const m = makeMachine();
  sh(m, SETUP);
  return new Person(m, 40, 10);
}

const END = "\x1b[7m(END)\x1b[27m";
/** Without the sequences that only move the cursor or clear. */
const text = (s: string): string => s.replace(/\x1b\[(?:\?1049[hl]|2[23];0;0t|\?1[hl]|[0-9;]*[HJK])|\x1b[=>M]|\r/g, "");
const lines = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join("");

type Script = readonly (readonly [keys: string, shown: string])[];

/** As less 590 shows it in a window of 40 by 10, but for the cursor's way. */
const SCRIPTS: readonly (readonly [string, Script])[] = [
  ["a short file ends at once", [["less a\r", "less a\none\ntwo\nthree\nfour\nfive\n\x1b[7ma (END)\x1b[27m"], [" ", `\x07${END}`], ["j", `\x07${END}`], ["q", "root@h1:~# "]]],
  ["screens and lines, forwards and back", [
    ["less seq\r", `less seq\n${lines(1, 9)}\x1b[7mseq\x1b[27m`], [" ", `${lines(10, 18)}:`], ["j", "19\n:"], ["\x1b[B", "20\n:"], ["k", "11\n:"], ["\x1bOA", "10\n:"], ["d", `${lines(19, 23)}:`], ["u", "14\n13\n12\n11\n10\n:"],
    ["b", "9\n8\n7\n6\n5\n4\n3\n2\n1\n:"], ["k", "\x07:"], ["3\r", `:3${lines(10, 12)}:`], ["G", `...skipping...\n${lines(22, 30)}${END}`], ["g", `...skipping...\n${lines(1, 9)}:`], ["20g", `:20...skipping...\n${lines(20, 28)}:`],
    ["99g", ":99\x1b[7m seek to line number 99  (press RETURN)\x1b[27m"], ["q", "root@h1:~# "],
  ]],
  ["found text is marked and shown first", [
    ["less seq\r", `less seq\n${lines(1, 9)}\x1b[7mseq\x1b[27m`], ["/12\r", `//1/12\x1b[7m12\x1b[27m\n${lines(13, 20)}:`], ["/2$\r", `//2/2$2\x1b[7m2\x1b[27m\n${lines(23, 30)}${END}`],
    ["n", "\x1b[7mPattern not found  (press RETURN)\x1b[27m"], ["N", `1\x1b[7m2\x1b[27m\n${lines(13, 20)}:`], ["/\\(\r", `//\\/\\(\x1b[7mPattern not found  (press RETURN)\x1b[27m`],
    ["/(\r", `//(\x1b[7mtern: Unmatched ( or \\(  (press RETURN)\x1b[27m`], ["q", "root@h1:~# "],
  ]],
  ["several files", [
    ["less a nosuch b\r", "less a nosuch b\none\ntwo\nthree\nfour\nfive\n\x1b[7ma (file 1 of 3) (END) - Next: nosuch\x1b[27m"], [":n", " :\x1b[7m such file or directory  (press RETURN)\x1b[27m"],
    [":n", ` :...skipping...\nb\na\n${"\x1b[1m~\x1b[0m\n".repeat(7)}\x1b[7mb (file 2 of 2) (END)\x1b[27m`], [":n", " :\x1b[7mNo next file  (press RETURN)\x1b[27m"], ["\r", END], [":q", " :root@h1:~# "],
  ]],
  ["long lines wrap, or are cut and moved aside", [
    ["less long\r", `less long\n${"x".repeat(40)}\n${"x".repeat(10)}\n\x1b[7mlong (END)\x1b[27m`], ["-S", `-${"x".repeat(39)}\x1b[7m>\x1b[27m\n${"\x1b[1m~\x1b[0m\n".repeat(8)}\x1b[7mChop long lines  (press RETURN)\x1b[27m`],
    ["\x1b[C", `${"x".repeat(30)}\n${"\x1b[1m~\x1b[0m\n".repeat(8)}${END}`], ["q", "root@h1:~# "],
  ]],
  ["control characters stand out, colours pass with -R", [
    ["less red\r", "less red\na\x1b[7mESC\x1b[27m[31mred\x1b[7mESC\x1b[27m[0m       tab\x1b[7m^A\x1b[27m\n\x1b[7mred (END)\x1b[27m"], ["q", "root@h1:~# "], ["less -R red\r", "less -R red\na\x1b[31mred\x1b[0m    tab\x1b[7m^A\x1b[27m\x1b[m\n\x1b[7mred (END)\x1b[27m"],
    ["q", "root@h1:~# "],
  ]],
  ["options and commands before the file", [
    ["less -N a\r", "less -N a\n      1 one\n      2 two\n      3 three\n      4 four\n      5 five\n\x1b[7ma (END)\x1b[27m"], ["q", "root@h1:~# "], ["less -F a\r", "less -F a\none\ntwo\nthree\nfour\nfive\nroot@h1:~# "],
    ["less -E a\r", "less -E a\none\ntwo\nthree\nfour\nfive\nroot@h1:~# "], ["less +G seq\r", `less +G seq\n${lines(1, 9)}...skipping...\n${lines(22, 30)}\x1b[7mseq (END)\x1b[27m`], ["q", "root@h1:~# "],
    ["less -M seq\r", `less -M seq\n${lines(1, 9)}\x1b[7mseq lines 1-9/30 22%\x1b[27m`], ["=", "\x1b[7ms 1-9/30 byte 18/81 22%  (press RETURN)\x1b[27m"], ["q", "root@h1:~# "],
  ]],
  ["what cannot be shown is said", [["less nosuch\r", "less nosuch\nnosuch: No such file or directory\nroot@h1:~# "], ["less .\r", "less .\n. is a directory\nroot@h1:~# "], ["less\r", 'less\nMissing filename ("less --help" for help)\nroot@h1:~# ']]],
  ["a stopped pager comes back", [["less a\r", "less a\none\ntwo\nthree\nfour\nfive\n\x1b[7ma (END)\x1b[27m"], ["\x1a", "\n[1]+  Stopped                 less a\nroot@h1:~# "], ["fg\r", `fg\nless a\none\ntwo\nthree\nfour\nfive\n${"\x1b[1m~\x1b[0m\n".repeat(4)}\x1b[7ma (END)\x1b[27m`], ["q", "root@h1:~# "]]],
  ["more goes on by screens and lines", [
    ["more seq\r", `more seq\n${lines(1, 9)}\x1b[7m--More--(22%)\x1b[27m`], [" ", `${lines(10, 18)}\x1b[7m--More--(55%)\x1b[27m`], ["\r", "19\n\x1b[7m--More--(59%)\x1b[27m"], ["=", "19"], ["x", ""],
    ["/25\r", `//2/25...skipping\n${lines(23, 30)}\x1b[7m--More--(END)\x1b[27m`], ["q", "root@h1:~# "],
  ]],
  ["more shows names of files and says what is none", [["more b seq\r", `more b seq\n::::::::::::::\nb\n::::::::::::::\nb\na\n\n\n\n\n\x1b[7m--More--(END)\x1b[27m`], [":n", `:::::::::::::::\nseq\n::::::::::::::\n${lines(1, 6)}\x1b[7m--More--(14%)\x1b[27m`], ["q", "root@h1:~# "], ["more nosuch\r", "more nosuch\nmore: cannot open nosuch: No such file or directory\nroot@h1:~# "]]],
];

test.each(SCRIPTS)("%s", (_, script) => {
  const p = person();
  for (const [keys, shown] of script) expect([keys, text(p.type(keys))]).toEqual([keys, shown]);
});

test.each(["yes | less", "seq 100000 | less", "yes | more", "man sh", "ip help 2>&1 | less"])("q leaves %s, and the terminal is as before", (line) => {
  const p = person();
  p.type(`${line}\r`);
  p.type(" ");
  p.type("G");
  p.type("q");
  expect(p.type("echo back\r", 2)).toMatch(/back\nroot@h1:~# $/);
});

test("Ctrl-C ends a wait for text that does not come, and so does q", () => {
  const p = person();
  p.type("(trap '' INT; seq 30; sleep 5) | less\r");
  expect(text(p.type("G"))).toBe("");
  expect(text(p.type("\x03"))).toBe(`...skipping...\n${lines(22, 30)}\x07:`);
  expect(text(p.type("G"))).toBe("");
  expect(p.type("q")).toContain("\x1b[?1049l");
  expect(p.type("echo back\r", 6)).toMatch(/back\nroot@h1:~# $/);
});

test("a page of the manual is shown by less, and printed when PAGER says so or nobody looks", () => {
  const p = person();
  expect(text(p.type("man true\r"))).toMatch(/^man true\nTRUE\(1\) +Packetwalk +TRUE\(1\)\n\nNAME\n[^]*\x1b\[7m line 1 \(press h for help or q to quit\)\x1b\[27m$/);
  expect(text(p.type(" "))).toMatch(/\(END\) \(press h for help or q to quit\)\x1b\[27m$/);
  expect(text(p.type("q"))).toBe("root@h1:~# ");
  expect(p.type("PAGER=cat man true | head -3\r")).toContain("NAME\nroot@h1");
  expect(p.type("PAGER=cat man true\r")).not.toContain("\x1b[7m");
});
