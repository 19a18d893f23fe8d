import { readdir, readFile } from "node:fs/promises";
import type { APIRoute, GetStaticPaths } from "astro";
import { allLabs } from "../../../labs.ts";

/** The lab as the engine reads it: its files byte for byte, without the solution. */
export const GET: APIRoute = async ({ params }) => {
  const dir = `labs/${params.id}`;
  const names = (await readdir(dir)).filter((name) => /^(lab|text\.[\w-]+)\.yaml$/.test(name)).sort();
  const files: Record<string, string> = {};
  for (const name of names) files[name] = await readFile(`${dir}/${name}`, "utf8");
  return new Response(JSON.stringify({ id: params.id, files }));
};

export const getStaticPaths: GetStaticPaths = async () => (await allLabs("en")).map((lab) => ({ params: { id: lab.id } }));
