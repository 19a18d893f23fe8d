/** The shells as people use them. Exact texts of dash and bash are held by test/conformance/shell; here is what those cases leave out. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../src/base/bytes.ts";
import { bash, makeMachine, sh, type Outcome } from "./machine.ts";

const out = (o: Outcome): string => o.stdout;

describe("both shells", () => {
  test.each([
    ["words of a default are split", 'x="a  b"; for i in ${x:+$x c}; do echo "<$i>"; done', "<a>\n<b>\n<c>\n"],
    ["IFS that is no blank keeps empty fields", 'IFS=,; x="a,,b,"; set -- $x; echo $#', "3\n"],
    ["blanks around such a separator belong to it", 'IFS=" ,"; x=" a , b ,, c "; set -- $x; echo $#', "4\n"],
    ['no parameters make no field of "$@"', 'set --; for i in "$@"; do echo no; done; set -- "x$@"; echo $#', "1\n"],
    ["a function's redirection is its own", "f() { echo hi; } >/dev/null; f; echo done", "done\n"],
    ["a here-document in a substitution", "x=$(cat <<E\nin\nE\n); echo [$x]", "[in]\n"],
    ["two here-documents on a line", "cat <<A; cat <<B\n1\nA\n2\nB", "1\n2\n"],
    ["descriptors come and go", "exec 3>f; echo a >&3; exec 3>&-; cat f; echo b >&3 2>/dev/null || echo closed", "a\nclosed\n"],
    ["a pipe's members are processes of their own", "x=1; echo | x=2; echo $x", "1\n"],
    ["PATH is searched in order", "mkdir a b; echo 'echo A' >a/c; echo 'echo B' >b/c; chmod +x a/c b/c; PATH=$PWD/b:$PWD/a:$PATH; c", "B\n"],
    ["arithmetic has 64 bits", "echo $((9223372036854775807+1))", "-9223372036854775808\n"],
    ["a loop reads a file line by line", "printf 'a b\\nc\\n' >f; while read -r x y; do echo \"$y$x\"; done <f", "ba\nc\n"],
    ["a signal's trap runs between commands", "trap 'echo trapped' USR1; kill -USR1 $$; echo after", "trapped\nafter\n"],
    ["wait gives the status of a background command", "(exit 7) & wait $!; echo $?", "7\n"],
    ["set -e ends where nothing looks at the failure", "set -e; false || true; if false; then :; fi; ! true; false; echo no", ""],
    ["getopts goes on inside a word", "set -- -ab -c x y; while getopts abc: o; do echo $o$OPTARG; done; echo $OPTIND", "a\nb\ncx\n4\n"],
  ])("%s", (_, line, want) => {
    expect(out(sh(makeMachine(), line))).toBe(want);
    expect(out(bash(makeMachine(), line))).toBe(want);
  });
});

describe("bash", () => {
  test.each([
    ["arrays", "a=(x y); a+=(z); a[5]=w; echo ${a[@]} ${#a[@]} ${!a[@]}", "x y z w 4 0 1 2 5\n"],
    ["associative arrays", "declare -A m=([a]=1); m[b]=2; echo ${m[a]}${m[b]} ${#m[@]}", "12 2\n"],
    ["braces", "echo {a,b}{1..2} {01..03} {c..a}", "a1 a2 b1 b2 01 02 03 c b a\n"],
    ["substrings and replacement", "x=abcabc; echo ${x:1:2} ${x: -2} ${x/b/X} ${x//b/X} ${x/#a/Y} ${x/%c/Z}", "bc bc aXcabc aXcaXc Ybcabc abcabZ\n"],
    ["a regular expression", "[[ 10.0.0.1/24 =~ ^([0-9.]+)/([0-9]+)$ ]] && echo ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}", "10.0.0.1 24\n"],
    ["patterns of [[", "[[ eth0 == eth* && ! a < A ]] && echo yes; [[ 'e*' == \"e*\" ]] && echo quoted", "yes\nquoted\n"],
    ["C's for", "for ((i=0; i<3; i++)); do printf $i; done", "012"],
    ["case that falls through", "case a in a) echo 1;& b) echo 2;; c) echo 3;; esac", "1\n2\n"],
    ["process substitution", "cat <(echo a) <(echo b)", "a\nb\n"],
    ["here-strings", "read x y <<<'1 2'; echo $y$x", "21\n"],
    ["name references", "f() { local -n r=$1; r=set; }; f v; echo $v", "set\n"],
    ["indirection and names", "ab1=x; ab2=y; n=ab1; echo ${!n} ${!ab*}", "x ab1 ab2\n"],
    ["extended patterns", "shopt -s extglob\nx=a.tar.gz; echo ${x%@(.gz|.bz2)}; case ab in +(a|b)) echo all;; esac", "a.tar\nall\n"],
    ["a menu", "select x in a b; do echo $x; break; done <<<2 2>/dev/null", "b\n"],
    ["$'..'", "printf %s $'a\\tb\\x41\\101'", "a\tbAA"],
  ])("%s", (_, line, want) => {
    const got = bash(makeMachine(), line);
    expect(got).toEqual({ status: 0, stdout: want, stderr: "" });
  });
});

describe("limits end with words, never with a crash", () => {
  test.each([
    ["a shell without end", "while :; do :; done", -1, /^$/],
    ["recursion", "f() { f; }; f", 2, /nested deeper than 256/],
    ["nesting", `${"(".repeat(100)}echo${")".repeat(100)}`, 2, /nested deeper than 64/],
    ["too many processes", "f() { f | f; }; f", -1, /Cannot fork/],
    ["a substitution without end", "x=$(yes)", 2, /more than 256 KiB/],
    ["eval of itself", "e='eval \"$e\"'; eval \"$e\"", 2, /nested/],
    ["a script that runs itself", "echo './s' >s; chmod +x s; ./s", 2, /Cannot fork/],
    ["growing text", "x=x; while :; do x=$x$x; done", 2, /too long/],
  ])("%s", (_, line, status, words) => {
    const m = makeMachine();
    const got = sh(m, line);
    if (status >= 0) expect(got.status).toBe(status);
    expect(got.stderr).toMatch(words);
    // The machine still works.
    for (const p of [...m.processes.values()]) if (p.pid !== 1) p.signal("SIGKILL");
    expect(sh(m, "echo alive").stdout).toBe("alive\n");
  });

  test("128 processes, and bash waits before it gives up", () => {
    const m = makeMachine();
    const got = bash(m, "for i in {1..130}; do sleep 100 & done; echo no");
    expect(got.stderr).toContain("bash: fork: retry: Resource temporarily unavailable\n");
    expect(got.status).toBe(254);
  });

  test("brace expansion makes 10,000 words at most", () => {
    expect(bash(makeMachine(), "echo {1..20000}").stderr).toMatch(/10000 words/);
  });

  test("time passes in a loop without commands that wait", () => {
    const m = makeMachine();
    sh(m, "i=0; while [ $i -lt 100 ]; do i=$((i+1)); done");
    expect(m.clock.now).toBeGreaterThan(500_000);
  });
});

// -- any line ----------------------------------------------------------------------------------------------------------

const PIECES = [
  "echo", "cat", "true", "false", "x=1", "$x", "${x:-", "${x#", "${", "}", "$(", ")", "(", "{", "}", "`", '"', "'", "\\", ";", ";;", "&", "&&", "||", "|", ">", "<", ">>", "<<E", "<<<", "2>&1", ">&", "\n",
  "if", "then", "else", "fi", "while", "do", "done", "for i in", "case", "in", "esac", "*)", "f()", "function f", "[[", "]]", "((", "))", "$((", "[", "]", "=", "==", "=~", "-f", "!", "*", "?", "[a-z]",
  "{1..3}", "a{b,c}", "~", "#", " ", "  ", "E", "a", "1", "+", "-", "$@", '"$@"', "$*", "$#", "$?", "$!", "exit", "return", "break", "set -e", "set -u", "trap 'echo t' EXIT", "local x", "eval", "read x",
  "${a[1]}", "a=(1 2)", "${x/a/b}", "${x^^}", "${!x}", "<(", "&>", "|&", "time", "select x in", "coproc", "$'\\x", "日", "\u0301", "\0",
];

const line = fc.array(fc.constantFrom(...PIECES), { maxLength: 25 }).chain((parts) => fc.array(fc.constantFrom("", " "), { minLength: parts.length, maxLength: parts.length }).map((gaps) => parts.map((p, i) => p + gaps[i]).join("")));

describe("random lines never throw and always end", () => {
  const m = makeMachine();
  const endsWell = (dialect: "sh" | "bash", text: string): void => {
    m.fs.writeFile("/root/script", encodeUtf8(text), { mode: 0o644 });
    const got = sh(m, `exec ${dialect} script`);
    if (got.status === -1) for (const p of [...m.processes.values()]) if (p.pid !== 1) p.signal("SIGKILL");
    for (let n = 0; m.processes.size > 1 && n < 100_000 && m.clock.step(); n++);
    expect(got.stderr).not.toMatch(/TypeError|RangeError|undefined|impossible|at [A-Za-z.]+ \(/);
    for (const f of ["E", "a", "1", "x"]) m.fs.unlink(`/root/${f}`);
  };

  test.each(["sh", "bash"] as const)("%s", (dialect) => {
    fc.assert(fc.property(line, (text) => endsWell(dialect, text)), { seed: 20260101, numRuns: 400 });
  });

  test("any text at all", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => endsWell("bash", text)), { seed: 7, numRuns: 300 });
  });
});
