/** Every command of the book, typed into the engine, prints what the page says. */
import { expect, test } from "vitest";
import { compareOutputs } from "../../tools/book/outputs.ts";

test("the engine prints every output of the book", () => {
  const all = compareOutputs();
  expect(all.length).toBeGreaterThan(0);
  const wrong = all.filter((one) => !one.same).map((one) => `${one.page} root@${one.node}:~# ${one.cmd}\n${one.found.ok ? `expected:\n${one.expected}\nfound:\n${one.found.value}` : one.found.error}`);
  expect(wrong).toEqual([]);
});
