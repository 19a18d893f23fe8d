/**
 * The only inline script of the site: it sets the chosen theme before the first paint, so that nothing flashes.
 * Its hash goes into the content security policy; text and hash come from here, so they cannot drift apart.
 */
import { createHash } from "node:crypto";

export const themeScript =
  '{let t=null;try{t=localStorage.getItem("theme")}catch{}if(t==="light"||t==="dark")document.documentElement.dataset.theme=t}';

export const themeHash = /** @type {`sha256-${string}`} */ (`sha256-${createHash("sha256").update(themeScript).digest("base64")}`);
