// The store where there is no host: there is none.
export function open() {
  throw new Error("there is no host that has a store");
}
