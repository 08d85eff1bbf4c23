// node strip.mjs ENTRY OUT: a plugin in TypeScript as one module for Node.js, for its own tests. The
// packages it uses stay outside.
import { loadEsbuild } from "./toolchain.mjs";

const [entryPoint, outfile] = process.argv.slice(2);
loadEsbuild().buildSync({
  entryPoints: [entryPoint],
  outfile,
  bundle: true,
  packages: "external",
  format: "esm",
  target: "es2023",
  sourcemap: "inline",
});
