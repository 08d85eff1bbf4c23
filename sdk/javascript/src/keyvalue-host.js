// The host's store, as it is inside a plugin.
export { open } from "wasi:keyvalue/store@0.2.0-draft";
