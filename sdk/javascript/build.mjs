// node build.mjs ENTRY OUT: a plugin's sources, and the packages they use, to a component.
//
// esbuild makes one module of them, componentize-qjs puts that into QuickJS. A table of where each
// line of the module came from goes with it, so that errors tell the author's own lines.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { aliases, settle, stage, world } from "./granted.mjs";
import { componentizer, loadEsbuild, loadTraceMapping } from "./toolchain.mjs";

const sdk = dirname(fileURLToPath(import.meta.url));
// What plugins import of this folder.
const packages = {
  millstream: join(sdk, "src", "millstream.js"),
  "millstream/http": join(sdk, "src", "http.js"),
  "millstream/keyvalue": join(sdk, "src", "keyvalue.js"),
};

/** The sources as one module, and its map; esbuild itself says what is wrong in them, and where. */
function bundle(entry) {
  const built = loadEsbuild().buildSync({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    conditions: ["millstream"],
    external: ["millstream:*", "late:*"],
    alias: { ...packages, ...aliases },
    metafile: true,
    sourcemap: "external",
    outfile: "bundle.js",
    logLevel: "error",
  });
  const [map, code] = built.outputFiles;
  const imports = Object.values(built.metafile.outputs).flatMap((output) => output.imports);
  return { code: code.text, map: map.text, interfaces: imports.map(({ path }) => path) };
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

function componentize(module, interfaces, out) {
  const wit = `${out}.wit`;
  stage(join(sdk, "..", "wit"), wit);
  const args = ["--wit", wit, "-n", world(interfaces), "--js", module, "--sync", "--stub-wasi", "-o", out];
  const { status } = spawnSync(process.execPath, [componentizer(), ...args], { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(out, settle(readFileSync(out)));
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
componentize(module, made.interfaces, out);
