/** `curl -w`: variables of a finished transfer. */
import { SECOND } from "../../../sim/time.ts";

/** What one transfer came to. Times are nanoseconds from its start. */
export interface Outcome {
  url: string;
  effectiveUrl: string;
  scheme: string;
  method: string;
  code: number;
  httpVersion: string;
  contentType: string | undefined;
  redirectUrl: string | undefined;
  redirects: number;
  connects: number;
  remoteIp: string;
  remotePort: number;
  localIp: string;
  localPort: number;
  sizeDownload: number;
  sizeHeader: number;
  sizeRequest: number;
  sizeUpload: number;
  nameLookup: number;
  connect: number;
  preTransfer: number;
  startTransfer: number;
  redirectTime: number;
  total: number;
  filename: string | undefined;
  urlNumber: number;
  headers: number;
  exit: number;
  message: string | undefined;
}

const seconds = (t: number): string => (Math.floor(t / 1000) / 1_000_000).toFixed(6);

const VARIABLES: Readonly<Record<string, (o: Outcome) => string>> = {
  content_type: (o) => o.contentType ?? "", errormsg: (o) => o.message ?? "", exitcode: (o) => String(o.exit), filename_effective: (o) => o.filename ?? "", http_code: (o) => String(o.code).padStart(3, "0"), response_code: (o) => String(o.code).padStart(3, "0"),
  http_connect: () => "000", http_version: (o) => o.httpVersion, local_ip: (o) => o.localIp, local_port: (o) => String(o.localPort), method: (o) => o.method, num_connects: (o) => String(o.connects), num_headers: (o) => String(o.headers), num_redirects: (o) => String(o.redirects),
  redirect_url: (o) => o.redirectUrl ?? "", remote_ip: (o) => o.remoteIp, remote_port: (o) => String(o.remotePort), scheme: (o) => o.scheme.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)), size_download: (o) => String(o.sizeDownload), size_header: (o) => String(o.sizeHeader),
  size_request: (o) => String(o.sizeRequest), size_upload: (o) => String(o.sizeUpload), speed_download: (o) => String(o.total > 0 ? Math.floor((o.sizeDownload * SECOND) / o.total) : 0), speed_upload: (o) => String(o.total > 0 ? Math.floor((o.sizeUpload * SECOND) / o.total) : 0), ssl_verify_result: () => "0",
  time_appconnect: () => "0.000000", time_connect: (o) => seconds(o.connect), time_namelookup: (o) => seconds(o.nameLookup), time_pretransfer: (o) => seconds(o.preTransfer), time_redirect: (o) => seconds(o.redirectTime), time_starttransfer: (o) => seconds(o.startTransfer), time_total: (o) => seconds(o.total),
  url: (o) => o.url, url_effective: (o) => o.effectiveUrl, urlnum: (o) => String(o.urlNumber),
};

/** @returns texts for standard output and standard error. */
export function writeOut(format: string, o: Outcome): { out: string; err: string } {
  const text = { out: "", err: "" };
  let to: "out" | "err" = "out";
  for (let i = 0; i < format.length; i++) {
    const c = format[i]!;
    if (c === "\\") {
      const next = format[++i];
      if (next === undefined) text[to] += "\\";
      else text[to] += next === "n" ? "\n" : next === "r" ? "\r" : next === "t" ? "\t" : `\\${next}`;
    } else if (c === "%" && format[i + 1] === "%") {
      text[to] += "%";
      i++;
    } else if (c === "%" && format[i + 1] === "{") {
      const end = format.indexOf("}", i);
      if (end < 0) {
        text[to] += "%{";
        i++;
        continue;
      }
      const name = format.slice(i + 2, end);
      i = end;
      if (name === "stdout") to = "out";
      else if (name === "stderr") to = "err";
      else if (name === "onerror") {
        if (o.exit === 0) break;
      } else if (Object.hasOwn(VARIABLES, name)) text[to] += VARIABLES[name]!(o);
      else text.err += `curl: unknown --write-out variable: '${name}'\n`;
    } else text[to] += c;
  }
  return text;
}
