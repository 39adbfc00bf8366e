// A matrix with orthonormal rows or columns, whichever are fewer: the Q of a normal matrix's QR decomposition, R's
// diagonal positive (Mezzadri 2007, section 5). By Householder reflections in float64: Python's to 1e-12.

/** (rows, columns) row by row, from a normal matrix of (larger, smaller) size, row by row. */
export function orthogonal(rows: number, columns: number, normals: Float64Array): Float64Array {
  const [tall, wide] = [Math.max(rows, columns), Math.min(rows, columns)];
  const q = orthonormalColumns(normals, tall, wide);
  if (rows >= columns) return q;
  const turned = new Float64Array(q.length);
  for (let i = 0; i < tall; i++) for (let j = 0; j < wide; j++) turned[j * tall + i] = q[i * wide + j]!;
  return turned;
}

function orthonormalColumns(matrix: Float64Array, m: number, n: number): Float64Array {
  const a = Float64Array.from(matrix);
  const reflectors: Float64Array[] = [];
  const signs: number[] = [];
  for (let k = 0; k < n; k++) {
    const v = reflector(a, m, n, k);
    reflectors.push(v);
    reflect(a, m, n, k, v);
    signs.push(a[k * n + k]! < 0 ? -1 : 1);
  }
  const q = new Float64Array(m * n);
  for (let k = 0; k < n; k++) q[k * n + k] = signs[k]!;
  for (let k = n - 1; k >= 0; k--) reflect(q, m, n, k, reflectors[k]!);
  return q;
}

/** The unit vector v of H = I - 2 v v^T that clears column k below its diagonal. */
function reflector(a: Float64Array, m: number, n: number, k: number): Float64Array {
  const v = new Float64Array(m);
  let square = 0;
  for (let i = k; i < m; i++) {
    v[i] = a[i * n + k]!;
    square += v[i]! ** 2;
  }
  const size = Math.sqrt(square);
  v[k]! += v[k]! < 0 ? -size : size;
  let length = 0;
  for (let i = k; i < m; i++) length += v[i]! ** 2;
  length = Math.sqrt(length);
  if (length > 0) for (let i = k; i < m; i++) v[i]! /= length;
  return v;
}

/** a becomes (I - 2 v v^T) a, v zero above row k. */
function reflect(a: Float64Array, m: number, n: number, k: number, v: Float64Array): void {
  for (let j = 0; j < n; j++) {
    let dot = 0;
    for (let i = k; i < m; i++) dot += v[i]! * a[i * n + j]!;
    for (let i = k; i < m; i++) a[i * n + j]! -= 2 * dot * v[i]!;
  }
}
