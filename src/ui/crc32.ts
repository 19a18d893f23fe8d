/** CRC-32 of a text's UTF-16 units, as in ISO 3309. Finds damage in stored records; keeps no secret. */
const TABLE = new Int32Array(256).map((_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

export function crc32(text: string): number {
  let c = -1;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    c = TABLE[(c ^ unit) & 255]! ^ (c >>> 8);
    c = TABLE[(c ^ (unit >>> 8)) & 255]! ^ (c >>> 8);
  }
  return (c ^ -1) >>> 0;
}
