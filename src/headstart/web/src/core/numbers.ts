// Numbers as a person reads them: the page's half of headstart.words, with Python's own rounding and forms.

/** What is no finite number, as everywhere in headstart. */
export function notFinite(value: number): string {
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/** Python's f"{value:.{digits}f}": ties go to the even digit. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${digits ? `.${"0".repeat(digits)}` : ""}`;
  const text = value.toFixed(digits);
  const exact = Math.abs(value).toFixed(100);
  const [whole = "", fraction = ""] = exact.split(".");
  const rest = fraction.slice(digits).replace(/0+$/, "");
  if (rest !== "5") return text;
  const kept = whole + fraction.slice(0, digits);
  if (Number(kept.at(-1)) % 2 === 1) return text; // JavaScript rounds ties up: right where that makes it even
  const cut = digits === 0 ? whole : `${whole}.${fraction.slice(0, digits)}`;
  return value < 0 ? `-${cut}` : cut;
}

/** Python's f"{value:.{digits}g}". */
export function general(value: number, digits: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "", power = "0"] = rounded(value, digits).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${stripped(mantissa)}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  return stripped(Number(`${mantissa}e${exponent}`).toFixed(Math.max(0, digits - 1 - exponent)));
}

/** So many significant digits with an exponent; ties go to the even digit. */
function rounded(value: number, digits: number): string {
  const text = value.toExponential(digits - 1);
  const longer = value.toExponential(Math.min(100, digits + 40));
  const [mantissa = ""] = longer.split("e");
  const all = mantissa.replace(/[-.]/g, "");
  const rest = all.slice(digits).replace(/0+$/, "");
  if (rest !== "5" || Number(all[digits - 1]) % 2 === 1) return text;
  const kept = all.slice(0, digits);
  return `${value < 0 ? "-" : ""}${kept[0] ?? ""}.${kept.slice(1)}e${longer.split("e")[1] ?? "0"}`;
}

function stripped(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A number to so many significant digits. */
export function number(value: number, digits = 4): string {
  return general(value, digits);
}

/** A share in percent: "93.1 %". */
export function percent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${fixed(100 * share, digits)} %` : notFinite(share);
}

/** R² to four decimals, four digits where it is large. */
export function rSquared(value: number): string {
  return Number.isFinite(value) ? number(Number(fixed(value, 4)) + 0 || 0) : notFinite(value);
}

/** A factor: "× 1.41". */
export function times(factor: number, digits = 3): string {
  return `× ${number(factor, digits)}`;
}

/** "1 seed", "12,000 runs". */
export function count(amount: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(amount)} ${amount === 1 ? noun : plural}`;
}

/** A whole number with commas between its thousands. */
export function grouped(amount: number): string {
  return amount.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "a, b or c". */
export function listed(items: readonly string[], last = "and"): string {
  if (items.length === 0) return "none";
  if (items.length === 1) return items[0]!;
  return `${items.slice(0, -1).join(", ")} ${last} ${items.at(-1)!}`;
}

/** Python's repr of a float. */
export function repr(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const plain =
    exponent < 0 ? value.toFixed(Math.max(0, mantissa.replace(/[-.]/g, "").length - 1 - exponent)) : String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** A number as it stands in a spec string: it reads back to the same float. */
export function specNumber(value: number): string {
  return repr(value).replace(/\.0$/, "");
}

/** Python's repr of a text: quotes, and escapes for what is not seen. */
export function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = "";
  for (const sign of text) {
    if (sign === "\\" || sign === mark) out += `\\${sign}`;
    else if (sign === "\n") out += "\\n";
    else if (sign === "\r") out += "\\r";
    else if (sign === "\t") out += "\\t";
    else out += unseen(sign) ? escaped(sign) : sign;
  }
  return mark + out + mark;
}

function unseen(sign: string): boolean {
  return sign !== " " && /[\p{C}\p{Z}]/u.test(sign);
}

function escaped(sign: string): string {
  const code = sign.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
}
