// Philox4x32-10: random words by encrypting a counter (Salmon, Moraes, Dror & Shaw 2011, section 3.3, table 2).

const ROUNDS = 10;
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9; // golden ratio and sqrt(3) - 1, times 2^32
const W1 = 0xbb67ae85;

export type Words = [number, number, number, number];

/** The upper 32 bits of a product of two words. */
export function high(a: number, b: number): number {
  const [ah, al, bh, bl] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = ah * bl + ((al * bl) >>> 16); // below 2^33: exact
  const other = al * bh + (middle % 65536);
  return (ah * bh + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0;
}

/** Encrypt a counter in place. */
export function philox(c: Words, key0: number, key1: number): void {
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < ROUNDS; round++) {
    const [c0, c1, c2, c3] = c;
    c[0] = (high(M1, c2) ^ c1 ^ k0) >>> 0;
    c[1] = Math.imul(M1, c2) >>> 0;
    c[2] = (high(M0, c0) ^ c3 ^ k1) >>> 0;
    c[3] = Math.imul(M0, c0) >>> 0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
}
