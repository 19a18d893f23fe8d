/** URLs as curl takes them apart: a scheme may be missing, blanks and control characters may not be there. */
export interface Url {
  scheme: string;
  user: string | undefined;
  host: string;
  port: number;
  /** Port as it is shown in the Host field: "" when it is the scheme's own. */
  portText: string;
  /** Path and query. */
  target: string;
}
export type UrlError = { code: number; text: string };

const BAD: UrlError = { code: 3, text: "URL using bad/illegal format or missing URL" };
/** Those of Debian's libcurl; of them http is emulated. */
const KNOWN = new Set(["dict", "file", "ftp", "ftps", "gopher", "gophers", "http", "https", "imap", "imaps", "ldap", "ldaps", "mqtt", "pop3", "pop3s", "rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts", "rtsp", "scp", "sftp", "smb", "smbs", "smtp", "smtps", "telnet", "tftp"]);

export function parseUrl(text: string): Url | UrlError | { notEmulated: string } {
  if (/[\0-\x20\x7f]/.test(text) || text === "") return BAD;
  const m = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/\/?(.*)$/s.exec(text);
  const scheme = (m?.[1] ?? "http").replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
  const rest = m?.[2] ?? text;
  if (!KNOWN.has(scheme)) return { code: 1, text: `Protocol "${scheme}" not supported or disabled in libcurl` };
  if (scheme !== "http") return { notEmulated: `curl ${scheme}://` };
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  let target = (end < 0 ? "/" : rest.slice(end)).replace(/#.*$/s, "");
  if (target === "" || target.startsWith("?")) target = `/${target}`;
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? undefined : authority.slice(0, at);
  const hostPort = authority.slice(at + 1);
  const p = /^(\[[0-9A-Fa-f:.]+\]|[^:]*)(?::(.*))?$/.exec(hostPort);
  if (p === null || p[1] === "") return BAD;
  const portText = p[2] ?? "";
  if (!/^\d*$/.test(portText) || Number(portText) > 65535) return BAD;
  return { scheme, user, host: p[1]!, port: portText === "" ? 80 : Number(portText), portText: portText === "" || Number(portText) === 80 ? "" : `:${Number(portText)}`, target: removeDots(target) };
}

/** RFC 3986 §5.2.4. */
export function removeDots(target: string): string {
  const q = target.indexOf("?");
  const path = q < 0 ? target : target.slice(0, q);
  const query = q < 0 ? "" : target.slice(q);
  if (!/(^|\/)\.\.?(\/|$)/.test(path)) return target;
  const out: string[] = [];
  const parts = path.split("/").slice(1);
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    if (part === "..") out.pop();
    else if (part !== ".") out.push(part);
    if (last && (part === "." || part === "..")) out.push("");
  }
  return `/${out.join("/")}${query}`;
}

/** Where a Location leads: RFC 3986 §5.2. */
export function follow(from: Url, location: string): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(location)) return location;
  const root = `${from.scheme}://${from.host}${from.portText}`;
  if (location.startsWith("//")) return `${from.scheme}:${location}`;
  if (location.startsWith("/")) return root + location;
  const path = from.target.replace(/\?.*$/s, "");
  if (location.startsWith("?")) return root + path + location;
  return root + removeDots(path.slice(0, path.lastIndexOf("/") + 1) + location);
}
