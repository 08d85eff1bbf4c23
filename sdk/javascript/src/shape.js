// What a JSON value must look like, in words: `{ id: "string", total: "number", note: "string?" }`.
// A `?` lets null pass. Fields beyond those named are left alone.

const TYPES = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: (value) => Array.isArray(value),
  any: () => true,
};

/** What is wrong with `value`, in words; undefined when it fits `shape`. */
export function misfit(value, shape) {
  if (!TYPES.object(value)) return `expected an object, found ${kind(value)}`;
  for (const [field, type] of Object.entries(shape)) {
    if (!Object.hasOwn(value, field)) return `missing field \`${field}\``;
    const wanted = type.replace(/\?$/, "");
    if (!TYPES[wanted]) throw new TypeError(`the shape of \`${field}\` is no type: ${type}`);
    if (value[field] === null && type.endsWith("?")) continue;
    if (!TYPES[wanted](value[field])) return `${field}: expected ${wanted}, found ${kind(value[field])}`;
  }
  return undefined;
}

export function kind(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
