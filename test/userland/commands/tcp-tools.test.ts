/** Tools over TCP between two machines: what they print, which sockets remain, and that no option line breaks a parser. */
import { expect, test } from "vitest";
import { RandomStream } from "../../../src/sim/random.ts";
import { parseArgs } from "../../../src/userland/commands/curl/options.ts";
import { parseUrl } from "../../../src/userland/commands/curl/url.ts";
import { parseConfig } from "../../../src/userland/commands/nginx/config.ts";
import { TwoHosts } from "./two-hosts.ts";

test("two megabytes of a web server arrive as they are, and the connection is gone from both ends but for TIME_WAIT", () => {
  const t = new TwoHosts();
  t.run("h2", "mkdir /w; head -c 2000000 /dev/urandom > /w/big; md5sum < /w/big > /w/sum");
  const srv = t.start("h2", "python3 -m http.server 80 --directory /w");
  t.pass(1);
  const sum = t.run("h2", "cat /w/sum").stdout;
  expect(t.run("h1", "curl -s http://10.0.0.2/big | md5sum").stdout).toBe(sum);
  expect(t.run("h1", "ss -Htan").stdout).toBe("");
  expect(t.run("h2", "ss -Htan state time-wait | wc -l").stdout).toBe("1\n");
  expect(t.stop(srv)).toMatchObject({ exit: 0, stdout: "Serving HTTP on 0.0.0.0 port 80 (http://0.0.0.0:80/) ...\n\nKeyboard interrupt received, exiting.\n" });
  expect(t.run("h2", "ss -Htln").stdout).toBe("");
});

test("lsof, ss and netstat name the program that listens", () => {
  const t = new TwoHosts();
  const srv = t.start("h2", "exec nc -lk 8080");
  t.pass(0.1);
  const pid = t.run("h2", "pgrep nc").stdout.trim();
  expect(t.run("h2", "ss -Htlnp").stdout).toBe(`LISTEN 0 1 0.0.0.0:8080 0.0.0.0:*users:(("nc",pid=${pid},fd=3))\n`);
  expect(t.run("h2", "lsof -nP -i :8080").stdout.split("\n")[1]).toMatch(new RegExp(`^nc +${pid} root +3u +IPv4 +\\d+ +0t0 +TCP \\*:8080 \\(LISTEN\\)$`));
  expect(t.run("h2", "netstat -tlnp | tail -1").stdout).toContain(`LISTEN      ${pid}/nc`);
  expect(t.run("h2", "cut -c1-60 /proc/net/tcp | tail -1").stdout).toBe("   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00\n");
  t.stop(srv, "SIGTERM");
  expect(t.run("h2", "lsof -i :8080").exit).toBe(1);
});

test.each([
  ["curl -k http://10.0.0.2/", 95, "packetwalk: 'curl -k' is not emulated\n"],
  ["curl https://10.0.0.2/", 95, "packetwalk: 'curl https://' is not emulated\n"],
  ["curl -sS http://10.0.0.2:1/", 7, "curl: (7) Failed to connect to 10.0.0.2 port 1 after 0 ms: Couldn't connect to server\n"],
  ["nc -X 5 10.0.0.2 80", 95, "packetwalk: 'nc -X' is not emulated\n"],
  ["ss -K", 95, "packetwalk: 'ss -K' is not emulated\n"],
  ["python3 x.py", 95, "packetwalk: 'python3' is not emulated\n"],
  ["nginx", 1, 'nginx: [emerg] open() "/etc/nginx/nginx.conf" failed (2: No such file or directory)\n'],
])("%s", (cmd, exit, stderr) => {
  expect(new TwoHosts().run("h1", cmd)).toEqual({ exit, stdout: "", stderr });
});

test("parsers take any text", () => {
  const r = new RandomStream(1, "tcp tools");
  const words = ["-", "--", "-v", "--no-", "data", "http://", "a", ":", "@", "/", "?", "#", "[", "]", "{", "}", ";", '"', "'", "\\", "\n", "listen", "80", "%", "é", "\0"];
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: r.below(8) }, () => r.pick(words)).join("");
    parseUrl(text);
    parseArgs([text, `-${text}`, `--${text}`]);
    try {
      parseConfig(text);
    } catch (e) {
      expect((e as { text?: string }).text).toBeTypeOf("string");
    }
  }
});
