// Who is who: a scheme has its colour and its line style wherever it stands, by Python's table (show/theme/identity.py).

import type { Identity } from "../core/types.ts";

export interface Style {
  /** Place in the palette. */
  readonly colour: number;
  readonly dash: readonly number[];
}

/** The styles of schemes in company; the same set of names gives the same styles in any order. */
export function schemeStyles(names: readonly string[], table: Identity, colours: number): Style[] {
  const places = new Map<string, number>();
  for (const [name, place] of Object.entries(table.own))
    if (names.includes(name) && ![...places.values()].includes(place)) places.set(name, place);
  const taken = new Set(places.values());
  for (const name of [...new Set(names)].sort()) {
    if (places.has(name)) continue;
    const place = freePlace(name, taken, table.free);
    places.set(name, place);
    taken.add(place);
  }
  return names.map((name) => {
    const place = places.get(name)!;
    const count = table.dashes.length;
    return { colour: place % colours, dash: table.dashes[(place + Math.floor(place / count)) % count]! };
  });
}

/** Names for panels, of which some may show the same scheme: a second one is another. */
export function told(schemes: readonly string[]): string[] {
  return schemes.map((name, k) => {
    const before = schemes.slice(0, k).filter((other) => other === name).length;
    return before === 0 ? name : `${name} ${before + 1}`;
  });
}

function freePlace(name: string, taken: ReadonlySet<number>, free: readonly number[]): number {
  const ours = free.slice(0, 2).filter((place) => !taken.has(place));
  if (ours.length > 0) return ours[crc32(name) % ours.length]!;
  for (let turn = 0; ; turn++)
    for (const place of free) if (!taken.has(place + free.length * turn)) return place + free.length * turn;
}

/** The checksum of ISO 3309 of a text in UTF-8. */
export function crc32(text: string): number {
  let sum = -1;
  for (const byte of new TextEncoder().encode(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
