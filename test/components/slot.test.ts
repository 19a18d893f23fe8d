import { expect, test } from "vitest";
import { fencedText, paragraphs, rich } from "../../src/components/slot.ts";

test("the text of a fenced block comes back as it was typed", () => {
  const html = '<pre class="astro-code"><code><span class="line"><span>2: eth0: &lt;BROADCAST,UP&gt; a &amp;&amp; b &#39;c&#39; &#x41;</span></span>\n<span class="line"></span>\n<span class="line">    indented</span></code></pre>';
  expect(fencedText(html, "x")).toBe("2: eth0: <BROADCAST,UP> a && b 'c' A\n\n    indented");
});
test("an empty slot is no text, not an empty line", () => {
  expect(fencedText("  \n ", "x")).toBeUndefined();
});
test.each(["<p>text</p>", "<pre>a</pre><pre>b</pre>", "<pre>a</pre><p>b</p>"])("%s is not one fenced block", (html) => {
  expect(() => fencedText(html, "chapter <Output>")).toThrow(/^chapter <Output>: put exactly one fenced block/);
});
test("backticks make code, an odd one is itself, and markup is text", () => {
  expect(rich("use `ip -br a` on <h1>")).toBe("use <code>ip -br a</code> on &lt;h1&gt;");
  expect(rich("a ` b")).toBe("a ` b");
});
test("a lab's text becomes paragraphs and lists", () => {
  expect(paragraphs("one\ntwo\n\n- `a`\n- b\n")).toBe("<p>one two</p><ul><li><code>a</code></li><li>b</li></ul>");
});
