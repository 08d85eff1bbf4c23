//! What headers may be called and hold.

use std::borrow::Cow;

use millstream_message::HeaderSlice;

use crate::refusal::Reason;

/// The longest header name, in bytes: names are kept with every message.
const NAME_MAX: usize = 256;

/// A header name as the runtime keeps it: in lower case.
///
/// # Errors
/// The name is empty, longer than 256 bytes, or holds something that is no token character of HTTP
/// (RFC 9110): brokers and HTTP could not carry it.
pub fn header_name(name: &str) -> Result<Cow<'_, str>, Reason> {
    if name.len() > NAME_MAX {
        let text = format!("a header name of {} bytes, at most {NAME_MAX} may be", name.len());
        return Err(Reason::TooLarge(text));
    }
    if name.is_empty() || !name.bytes().all(is_token) {
        let text = format!(
            "`{}` is no header name: use letters, digits and !#$%&'*+-.^_`|~",
            name.escape_debug()
        );
        return Err(Reason::Malformed(text));
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Cow::Owned(name.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(name))
}

/// Checks that `value` is one line of text.
///
/// # Errors
/// The value of the header called `name` holds a control character other than a tab: brokers and
/// HTTP could not carry it.
pub fn header_value(name: &str, value: &str) -> Result<(), Reason> {
    if value.bytes().any(is_forbidden) {
        let text = format!("the value of header `{name}` holds a control character: encode it");
        return Err(Reason::Malformed(text));
    }
    Ok(())
}

/// Whether [`header_name`] takes every name and [`header_value`] every value: looks at all of them at
/// once, as it must where there are many.
#[must_use]
pub fn all_headers_fit(headers: &HeaderSlice<'_>) -> bool {
    let (names, values) = (headers.names(), headers.values());
    let fits = |pair: &[u32]| (1..=NAME_MAX).contains(&((pair[1] - pair[0]) as usize));
    let offsets = names.offsets();
    let first_end = offsets[headers.starts().nth(1).unwrap_or_default() as usize];
    offsets.windows(2).all(fits)
        && are_tokens(names.data(), (first_end - offsets[0]) as usize)
        // Without a branch for each byte: it is most of the bytes of headers.
        && !values.data().iter().fold(false, |found, &byte| found | is_forbidden(byte))
}

/// Whether all of `names` is made of token characters. The `first` bytes are those of the first message:
/// mostly the others have the same names, which is seen sooner than what each byte is.
fn are_tokens(names: &[u8], first: usize) -> bool {
    let repeated = first > 0 && names[first..] == names[..names.len() - first];
    let looked_at = if repeated { &names[..first] } else { names };
    looked_at.iter().all(|&byte| is_token(byte))
}

fn is_forbidden(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn is_token(byte: u8) -> bool {
    TOKENS[usize::from(byte)]
}

/// By byte, whether a token of HTTP may hold it.
const TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let (mut byte, others) = (0, b"!#$%&'*+-.^_`|~");
    while byte < tokens.len() {
        let mut i = 0;
        tokens[byte] = (byte as u8).is_ascii_alphanumeric();
        while i < others.len() {
            tokens[byte] |= others[i] as usize == byte;
            i += 1;
        }
        byte += 1;
    }
    tokens
};
