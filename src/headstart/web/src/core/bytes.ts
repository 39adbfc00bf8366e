// Bytes that stand in the page as base64, and gzipped ones.

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const found = atob(text.trim());
  return Uint8Array.from(found, (sign) => sign.charCodeAt(0));
}

export function float64s(text: string): Float64Array {
  return new Float64Array(bytesOf(text).buffer);
}

export function uint32s(text: string): Uint32Array {
  return new Uint32Array(bytesOf(text).buffer);
}

/** What gzipped bytes hold. */
export async function unzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
