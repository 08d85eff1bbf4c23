// Where the packages are that `sdk/toolchains/javascript.sh` installs.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

// As a shell says that a command is not there: `millstream build` then names the script.
const NOT_FOUND = 127;

function folder() {
  const data = process.env.XDG_DATA_HOME || join(homedir(), ".local", "share");
  return join(process.env.MILLSTREAM_TOOLCHAINS || join(data, "millstream", "toolchains"), "javascript");
}

function packages() {
  const root = join(folder(), "package.json");
  if (!existsSync(root)) {
    console.error(`there is no toolchain in ${folder()}: run sdk/toolchains/javascript.sh`);
    process.exit(NOT_FOUND);
  }
  return createRequire(root);
}

export function loadEsbuild() {
  return packages()("esbuild");
}

export function loadTraceMapping() {
  return packages()("@jridgewell/trace-mapping");
}

/** The program that puts a module into QuickJS. */
export function componentizer() {
  const root = dirname(packages().resolve("componentize-qjs/package.json"));
  return join(root, "bin", "componentize-qjs");
}
