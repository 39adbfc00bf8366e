// Builds the page: one HTML file with its code, its style, the engine's modules and Python's tables inside; and the script
// of a study's report.
//
// `node build.mjs [FOLDER]` writes lab.html, study.js and study.css into built/, or another folder. The same sources make the same bytes. What Python fills
// in later (state, table, lessons) is data that no browser runs, so the policy made here holds for every page.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const here = (path) => new URL(path, import.meta.url);
const read = (path) => readFileSync(here(path), "utf8");

/** A classic script of everything that a source needs. */
async function bundle(entry, define = {}) {
  const { outputFiles } = await build({
    entryPoints: [here(entry).pathname],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2023",
    charset: "utf8",
    legalComments: "none",
    define,
    logLevel: "warning",
  });
  return outputFiles[0].text.trim();
}

async function styled(path) {
  const { code } = await transform(read(path), { loader: "css", minify: true, charset: "utf8" });
  return code.trim();
}

/** A module, gzipped, in base64; its header says nothing of the machine. */
function packed(path) {
  const bytes = gzipSync(readFileSync(here(path)), { level: 9 });
  bytes[9] = 255;
  return bytes.toString("base64");
}

/** Text that ends no element and begins no comment: inside a string or JSON the sign means the same. */
const inert = (text) => text.replaceAll("</", "<\\/").replaceAll("<!--", "<\\!--");
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const worker = await bundle("src/core/training/thread.ts");
const script = inert(await bundle("src/main.ts", { __WORKER__: JSON.stringify(worker) }));
const style = await styled("src/page.css");
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  "worker-src blob:",
  "img-src data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const parts = {
  "<!--CSP-->": `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
  "/*CSS*/": style,
  "/*STATE*/": "",
  "/*TABLE*/": "null",
  "/*TABLES*/": JSON.stringify(JSON.parse(read("tables.json"))).replaceAll("<", "\\u003c"),
  "/*RELAXED*/": packed("built/engine.wasm"),
  "/*PLAIN*/": packed("built/engine_plain.wasm"),
  "/*JS*/": script,
};
let page = read("src/page.html").replace(/^\s+/gm, "");
for (const [mark, text] of Object.entries(parts)) {
  const pieces = page.split(new RegExp(`\\s*${mark.replaceAll("*", "\\*")}\\s*`));
  if (pieces.length !== 2) throw new Error(`the page has ${pieces.length - 1} places for ${mark}, and needs one`);
  page = pieces.join(text);
}
const folder = process.argv[2] ?? here("built").pathname;
const write = (name, text) => {
  writeFileSync(join(folder, name), text);
};
write("lab.html", page);
write("study.js", inert(await bundle("src/study/main.ts")));
write("study.css", await styled("src/study/study.css"));
