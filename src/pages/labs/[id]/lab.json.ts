import type { APIRoute, GetStaticPaths } from "astro";
import { allNetworks, publicFiles } from "../../../labs.ts";

/** The lab as the engine reads it: its files byte for byte, without the solution. */
export const GET: APIRoute = async ({ params }) => {
  const id = params.id ?? "";
  return new Response(JSON.stringify({ id, files: await publicFiles(id) }), { headers: { "content-type": "application/json" } });
};

export const getStaticPaths: GetStaticPaths = async () => (await allNetworks("en")).map((lab) => ({ params: { id: lab.id } }));
