/**
 * Writes the service worker when the site is built: everything a reader needs is fetched once and kept under a name
 * made from the contents, so an old copy is never mixed with a new one. Search data are kept when first used.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const LEAVE = `self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  await self.registration.unregister();
  for (const page of await self.clients.matchAll()) page.navigate(page.url);
});`;
const KEPT = /\.(html|js|css|svg|woff2|json|wasm)$/;

async function filesUnder(dir) {
  const all = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = all.filter((entry) => entry.isFile()).map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"));
  return files.filter((name) => KEPT.test(name) && name !== "sw.js" && !name.startsWith("pagefind/")).sort();
}

/** A page is asked for by its folder: `arp/index.html` is `/arp/`. */
const addressOf = (name) => `/${name.replace(/(^|\/)index\.html$/, "$1")}`;

async function digestOf(dir, names) {
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update("\0").update(await readFile(join(dir, name))).update("\0");
  return hash.digest("hex").slice(0, 16);
}

export function offline() {
  return {
    name: "packetwalk-offline",
    hooks: {
      // The development server shares its port with `npm start`: a worker that the built book left there must go.
      "astro:server:setup": ({ server }) => {
        server.middlewares.use("/sw.js", (_request, response) => {
          response.setHeader("content-type", "text/javascript");
          response.end(LEAVE);
        });
      },
      "astro:build:done": async ({ dir, logger }) => {
        const root = fileURLToPath(dir);
        const names = await filesUnder(root);
        const template = await readFile(new URL("./sw.js", import.meta.url), "utf8");
        const worker = template
          .replace('"%VERSION%"', JSON.stringify(await digestOf(root, names)))
          .replace('["%FILES%"]', JSON.stringify(names.map(addressOf)));
        await writeFile(join(root, "sw.js"), worker);
        logger.info(`sw.js keeps ${names.length} files for reading without a network`);
      },
    },
  };
}
