import type { APIRoute, GetStaticPaths } from "astro";
import { labForBrowser, labIds } from "../../../labs.ts";

/** The lab as the engine reads it, without the solution. */
export const GET: APIRoute = async ({ params }) => new Response(JSON.stringify(await labForBrowser(params.id ?? "")), { headers: { "content-type": "application/json" } });

export const getStaticPaths: GetStaticPaths = async () => (await labIds()).map((id) => ({ params: { id } }));
