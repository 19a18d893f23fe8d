/** @text, @json and the others: a value as the text that some reader wants. */
import { encodeUtf8 } from "../../../base/bytes.ts";
import { BASE64, decodeBase, encodeBase } from "../base64.ts";
import { octets, octetsOf, textOf } from "../../octets.ts";
import { dump } from "./dump.ts";
import { described, isArray, type Json, JqError } from "./value.ts";

export const tostring = (v: Json): string => (typeof v === "string" ? v : dump(v));

const ENTITIES: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;" };
const TABS: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\" };

function row(v: Json, name: "csv" | "tsv", quote: (s: string) => string): string {
  if (!isArray(v)) throw new JqError(`${described(v)} cannot be ${name}-formatted, only array`);
  const cell = (x: Json): string => {
    if (x === null) return "";
    if (typeof x === "string") return quote(x);
    if (typeof x === "number" || typeof x === "boolean") return dump(x);
    throw new JqError(`${described(x)} is not valid in a csv row`);
  };
  return v.map(cell).join(name === "csv" ? "," : "\t");
}

function shellWord(v: Json): string {
  if (typeof v === "string") return `'${v.replaceAll("'", "'\\''")}'`;
  if (v !== null && typeof v === "object") throw new JqError(`${described(v)} can not be escaped for shell`);
  return dump(v);
}

function percent(text: string): string {
  let out = "";
  for (const octet of encodeUtf8(text)) {
    const c = String.fromCharCode(octet);
    out += /[A-Za-z0-9\-_.~!*'()]/.test(c) ? c : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function fromBase64(v: Json): string {
  const text = tostring(v);
  const { out } = decodeBase(octets(text.replace(/[^A-Za-z0-9+/]/g, "")), BASE64, true);
  const digits = text.replace(/[^A-Za-z0-9+/]/g, "").length;
  if (digits % 4 === 1) throw new JqError(`${described(text)} trailing base64 byte found`);
  if (out === "" && text !== "" && digits === 0 && !/^=*$/.test(text)) throw new JqError(`${described(text)} is not valid base64 data`);
  return textOf(out);
}

export function applyFormat(name: string, v: Json): Json {
  switch (name) {
    case "text": return tostring(v);
    case "json": return dump(v);
    case "csv": return row(v, "csv", (s) => `"${s.replaceAll('"', '""')}"`);
    case "tsv": return row(v, "tsv", (s) => s.replace(/[\t\n\r\\]/g, (c) => TABS[c]!));
    case "html": return tostring(v).replace(/[<>&'"]/g, (c) => ENTITIES[c]!);
    case "uri": return percent(tostring(v));
    case "sh": return (isArray(v) ? v : [v]).map(shellWord).join(" ");
    case "base64": return encodeBase(octetsOf(encodeUtf8(tostring(v))), BASE64);
    case "base64d": return fromBase64(v);
    default: throw new JqError(`${name} is not a valid format`);
  }
}
