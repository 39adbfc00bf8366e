// BLAKE2b with a digest of up to 64 bytes and no key (RFC 7693), for messages of a name's length.
//
// Words of 64 bits are BigInts: a name is hashed once per weight matrix, so speed does not matter.

const IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
]; // prettier-ignore
const SIGMA = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
]; // prettier-ignore
const ROUNDS = 12;
const BLOCK = 128;
const MASK = 0xffffffffffffffffn;

/** The digest of a message. */
export function blake2b(message: Uint8Array, length: number): Uint8Array {
  const state = [...IV];
  state[0]! ^= 0x01010000n ^ BigInt(length);
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK));
  for (let k = 0; k < blocks; k++) {
    const last = k === blocks - 1;
    const seen = last ? message.length : (k + 1) * BLOCK;
    compress(state, message.subarray(k * BLOCK, (k + 1) * BLOCK), BigInt(seen), last);
  }
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  state.forEach((word, i) => {
    view.setBigUint64(8 * i, word, true);
  });
  return bytes.slice(0, length);
}

function compress(state: bigint[], block: Uint8Array, seen: bigint, last: boolean): void {
  const padded = new Uint8Array(BLOCK);
  padded.set(block);
  const view = new DataView(padded.buffer);
  const words = Array.from({ length: 16 }, (_, i) => view.getBigUint64(8 * i, true));
  const v = [...state, ...IV];
  v[12]! ^= seen;
  if (last) v[14]! ^= MASK;
  for (let round = 0; round < ROUNDS; round++) {
    const order = Array.from(SIGMA[round % SIGMA.length]!, (digit) => words[parseInt(digit, 16)]!);
    for (let i = 0; i < 4; i++) mix(v, i, 4 + i, 8 + i, 12 + i, order[2 * i]!, order[2 * i + 1]!);
    for (let i = 0; i < 4; i++) {
      mix(v, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4), order[8 + 2 * i]!, order[9 + 2 * i]!);
    }
  }
  for (let i = 0; i < 8; i++) state[i]! ^= v[i]! ^ v[i + 8]!;
}

function mix(v: bigint[], a: number, b: number, c: number, d: number, x: bigint, y: bigint): void {
  v[a] = (v[a]! + v[b]! + x) & MASK;
  v[d] = turned(v[d]! ^ v[a], 32n);
  v[c] = (v[c]! + v[d]) & MASK;
  v[b] = turned(v[b]! ^ v[c], 24n);
  v[a] = (v[a] + v[b] + y) & MASK;
  v[d] = turned(v[d] ^ v[a], 16n);
  v[c] = (v[c] + v[d]) & MASK;
  v[b] = turned(v[b] ^ v[c], 63n);
}

function turned(word: bigint, by: bigint): bigint {
  return ((word >> by) | (word << (64n - by))) & MASK;
}
