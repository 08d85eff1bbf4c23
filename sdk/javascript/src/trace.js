// From places in the bundle to places in the sources. The build leaves the table in the bundle: for
// each line of it `[file, line]`, or null.

const FRAMES_MAX = 20;

/** The frames of `stack`, in terms of the sources where the table knows them. */
export function located(stack = "") {
  const frames = String(stack).split("\n").filter((line) => /^\s*at /.test(line));
  return frames.slice(0, FRAMES_MAX).map((frame) => "    " + frame.trim().replace(PLACE, source));
}

// Lazy: the file ends before the line, and not between line and column.
const PLACE = /\(?([^\s()]+?):(\d+)(?::\d+)?\)?$/;

function source(whole, _file, line) {
  const found = globalThis.__millstreamLines?.[Number(line) - 1];
  return found ? `(${found[0]}:${found[1]})` : whole;
}
