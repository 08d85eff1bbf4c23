// The log where there is no host: a plugin's own tests. What was logged is shown on stderr.
export function write(level, text, fields) {
  const shown = fields.map(({ name, value }) => ` ${name}=${value}`).join("");
  console.error(`${level} ${text}${shown}`);
}
