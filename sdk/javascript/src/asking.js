// Asking the host, whose errors come as an Error around what the interface says.

/** What `ask` answers; what `otherwise` makes of the host's error where it is one. */
export function asking(ask, otherwise) {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof Error && "payload" in error)) throw error;
    return otherwise(error.payload);
  }
}

/** Hands `resource` to `use`, and then back to the host. */
export function closing(resource, use) {
  try {
    return use(resource);
  } finally {
    resource[Symbol.dispose]();
  }
}
