//! What headers may be called and hold.

use std::borrow::Cow;

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
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        let text = format!("the value of header `{name}` holds a control character: encode it");
        return Err(Reason::Malformed(text));
    }
    Ok(())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
