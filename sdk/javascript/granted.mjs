// Interfaces that a pipeline grants: `wasi:http` and `wasi:keyvalue`.
//
// componentize-qjs runs a module once while it makes the component, with a WASI of its own, whose
// streams do not fit an `wasi:http` that it lacks, and then stubs all that is called `wasi:`. So what
// is granted is called `late:` until the component is made.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OURS = "wasi:";
// As long, since it is written over.
const MEANWHILE = "late:";

/** A bundle's own name for granted interfaces, for esbuild. */
export const aliases = Object.fromEntries(["http", "keyvalue"].map((one) => [`${OURS}${one}`, `${MEANWHILE}${one}`]));

/** The world of a module that imports `interfaces`. */
export function world(interfaces) {
  const granted = Object.values(aliases).filter((name) => interfaces.some((one) => one.startsWith(`${name}/`)));
  const names = granted.map((name) => `${name.slice(MEANWHILE.length)}-`);
  return names.length > 0 ? `${names.join("")}batch-consumer` : "configurable-batch-consumer";
}

/** Writes the contract of the folder `wit` into the folder `to`, for the meantime. */
export function stage(wit, to) {
  mkdirSync(to, { recursive: true });
  copyFileSync(join(wit, "plugin.wit"), join(to, "plugin.wit"));
  const granted = readFileSync(join(wit, "grants.wit"), "utf8");
  writeFileSync(join(to, "grants.wit"), granted.replaceAll(OURS, MEANWHILE));
}

const HEADER_BYTES = 8;
const IMPORT_SECTION = 10;

/** The component with its imports called what they are. */
export function settle(component) {
  for (let at = HEADER_BYTES; at < component.length; ) {
    const section = component[at];
    const [size, start] = leb128(component, at + 1);
    if (section === IMPORT_SECTION) rename(component.subarray(start, start + size));
    at = start + size;
  }
  return component;
}

function rename(bytes) {
  for (let at = bytes.indexOf(MEANWHILE); at >= 0; at = bytes.indexOf(MEANWHILE, at)) bytes.write(OURS, at);
}

/** The number at `at`, and where what follows begins. */
function leb128(bytes, at) {
  let number = 0;
  for (let scale = 1; ; scale *= 128, at++) {
    number += (bytes[at] & 0x7f) * scale;
    if (bytes[at] < 0x80) return [number, at + 1];
  }
}
