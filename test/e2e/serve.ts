/** Serves the built book as any static host would: files as they lie, folders by their index.html, 404.html otherwise. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const DIST: string = fileURLToPath(new URL("../../dist/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};

/** The file an address stands for; undefined when there is none, or when it would lead out of the site. */
function fileFor(address: string): string | undefined {
  const path = normalize(decodeURIComponent(new URL(address, "http://site").pathname));
  if (path.split(/[\\/]/).includes("..")) return undefined;
  const file = join(DIST, path.endsWith("/") ? `${path}index.html` : path);
  return existsSync(file) && statSync(file).isFile() ? file : undefined;
}

function send(response: ServerResponse, status: number, file: string): void {
  response.writeHead(status, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "cache-control": "no-store" });
  createReadStream(file).pipe(response);
}

export interface Site {
  /** http://127.0.0.1:<port>, no slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Fails when the book has not been built: `npm test` builds it first. */
export async function serveSite(): Promise<Site> {
  if (!existsSync(join(DIST, "index.html"))) throw new Error("dist/ is missing: run `npm run build` before the browser tests.");
  const server = createServer((request, response) => {
    const file = fileFor(request.url ?? "/");
    if (file) return send(response, 200, file);
    send(response, 404, join(DIST, "404.html"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
