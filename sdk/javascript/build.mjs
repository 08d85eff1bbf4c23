// node build.mjs ENTRY OUT: a plugin's sources, and the packages they use, to a component.
//
// esbuild makes one module of them, componentize-qjs puts that into QuickJS. A table of where each
// line of the module came from goes with it, so that errors tell the author's own lines.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { componentizer, loadEsbuild, loadTraceMapping } from "./toolchain.mjs";

const sdk = dirname(fileURLToPath(import.meta.url));

/** The sources as one module, and its map; esbuild itself says what is wrong in them, and where. */
function bundle(entry) {
  const built = loadEsbuild().buildSync({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    conditions: ["millstream"],
    external: ["millstream:*", "wasi:*"],
    alias: { millstream: join(sdk, "src", "millstream.js") },
    sourcemap: "external",
    outfile: "bundle.js",
    logLevel: "error",
  });
  const [map, code] = built.outputFiles;
  return { code: code.text, map: map.text };
}

/** For each line of the module where it came from. */
function lines({ code, map }) {
  const { LEAST_UPPER_BOUND: bias, TraceMap, originalPositionFor } = loadTraceMapping();
  const traced = new TraceMap(map);
  return code.split("\n").map((_, i) => {
    const { source, line } = originalPositionFor(traced, { line: i + 1, column: 0, bias });
    return source ? [relative(".", resolve(source)), line] : null;
  });
}

function componentize(module, out) {
  const wit = join(sdk, "..", "wit");
  const args = ["--wit", wit, "-n", "configurable-batch-consumer", "--js", module, "--sync", "--stub-wasi", "-o", out];
  return spawnSync(process.execPath, [componentizer(), ...args], { stdio: ["ignore", "inherit", "inherit"] });
}

function bundled(entry) {
  try {
    return bundle(entry);
  } catch {
    process.exit(1);
  }
}

const [entry, out] = process.argv.slice(2);
const made = bundled(entry);
mkdirSync(dirname(out), { recursive: true });
const module = `${out}.js`;
writeFileSync(module, `${made.code}\nglobalThis.__millstreamLines = ${JSON.stringify(lines(made))};\n`);
process.exit(componentize(module, out).status ?? 1);
