/** Hands a file to the reader: the browser's own download. */
export function saveFile(name: string, content: string | Uint8Array<ArrayBuffer>, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has begun with the click; the octets must stay until it has read them.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
