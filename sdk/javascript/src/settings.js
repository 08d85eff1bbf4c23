import { kind } from "./shape.js";

/**
 * The plugin's config with `defaults` for what it leaves out. A name that has no default, or a value of
 * another type than its default, refuses the configuration.
 */
export function settings(config, defaults) {
  for (const [name, value] of Object.entries(config)) {
    if (!Object.hasOwn(defaults, name)) {
      const known = Object.keys(defaults).map((one) => `\`${one}\``).join(", ");
      throw new Error(`unknown setting \`${name}\`, there is ${known || "none"}`);
    }
    if (kind(value) !== kind(defaults[name])) {
      throw new Error(`${name}: expected ${kind(defaults[name])}, found ${kind(value)}`);
    }
  }
  return { ...defaults, ...config };
}
