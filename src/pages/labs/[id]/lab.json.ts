import type { APIRoute, GetStaticPaths } from "astro";
import { labIds, publicFiles } from "../../../labs.ts";

/** The lab as the engine reads it: its files byte for byte, without the solution. */
export const GET: APIRoute = async ({ params }) => {
  const id = params.id ?? "";
  return new Response(JSON.stringify({ id, files: await publicFiles(id) }), { headers: { "content-type": "application/json" } });
};

export const getStaticPaths: GetStaticPaths = async () => (await labIds()).map((id) => ({ params: { id } }));
