// The host's side of the log, as it is inside a plugin.
export { log as write } from "millstream:plugin/logging@0.1.0";
