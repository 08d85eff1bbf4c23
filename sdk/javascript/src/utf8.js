// UTF-8 where the engine brings no TextEncoder and TextDecoder, as QuickJS does not.

/** The bytes of `text`; half a surrogate pair becomes U+FFFD, as everywhere. */
export function encode(text) {
  if (globalThis.TextEncoder) return new globalThis.TextEncoder().encode(text);
  const binary = unescape(encodeURIComponent(text.toWellFormed()));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The text of `bytes`; throws where they are not UTF-8. */
export function decode(bytes) {
  if (globalThis.TextDecoder) {
    return new globalThis.TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  }
  return decodeURIComponent(escape(binary(bytes)));
}

// A call takes only so many arguments.
const PIECE = 4096;

function binary(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += PIECE) {
    text += String.fromCharCode(...bytes.subarray(i, i + PIECE));
  }
  return text;
}
