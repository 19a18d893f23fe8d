/** Cuts a frame, written in hexadecimal, into its fields and into rows. */

/** key, octets, name, meaning */
export type FieldSpec = readonly [key: string, length: number, name: string, meaning?: string];

export interface Part {
  /** `ip.ttl` */
  key: string;
  /** `ip` */
  header: string;
  offset: number;
  octets: string[];
  name: string;
  meaning: string;
}

export function splitFields(hex: string, fields: readonly FieldSpec[], where: string): Part[] {
  const octets = hex.replace(/\s+/g, "").match(/../g) ?? [];
  if (!/^(\s*[0-9a-f]{2})*\s*$/i.test(hex)) throw new Error(`${where}: hex has something that is not a pair of hexadecimal digits`);
  const sum = fields.reduce((total, [, length]) => total + length, 0);
  if (sum !== octets.length) throw new Error(`${where}: the fields add up to ${sum} octets, hex has ${octets.length}`);
  let offset = 0;
  return fields.map(([key, length, name, meaning = ""]) => {
    const part: Part = { key, header: key.split(".", 1)[0] ?? key, offset, octets: octets.slice(offset, offset + length), name, meaning };
    offset += length;
    return part;
  });
}

export interface Row {
  offset: number;
  pieces: { key: string; header: string; text: string }[];
}

export function rowsOf(parts: readonly Part[], width: number): Row[] {
  const rows: Row[] = [];
  for (const part of parts)
    for (let done = 0; done < part.octets.length; ) {
      const at = part.offset + done;
      const room = width - (at % width);
      if (at % width === 0) rows.push({ offset: at, pieces: [] });
      rows.at(-1)?.pieces.push({ key: part.key, header: part.header, text: part.octets.slice(done, done + room).join(" ") });
      done += room;
    }
  return rows;
}
