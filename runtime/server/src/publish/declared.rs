//! What the headers of a request say about every message in it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use millstream_formats::{Reason, header_name, header_value};

use crate::problem::Problem;

/// What the names of all headers with a meaning for the host begin with.
const OWN_PREFIX: &str = "millstream-";
/// What stands before the name of a message header.
const HEADER_PREFIX: &str = "millstream-header-";
/// W3C trace context: it belongs to the message, so it goes with it as a header.
const TRACE_HEADERS: [&str; 2] = ["traceparent", "tracestate"];
const KNOWN: &str = "Millstream-Key, Millstream-Key-From, Millstream-Dedup-Id, \
                     Millstream-Dedup-From, Millstream-Delay, Millstream-Expires-In, \
                     Millstream-Header-<name>";

/// What holds for every message of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// `Millstream-Key`.
    pub(super) key: Option<String>,
    /// `Millstream-Key-From`: a JSON pointer into the payload.
    pub(super) key_from: Option<String>,
    /// `Millstream-Dedup-Id`.
    pub(super) dedup_id: Option<String>,
    /// `Millstream-Dedup-From`: a JSON pointer into the payload.
    pub(super) dedup_from: Option<String>,
    /// `Millstream-Delay`, as it was written.
    pub(super) delay: Option<String>,
    /// `Millstream-Expires-In`, as it was written.
    pub(super) expires_in: Option<String>,
    /// Names (lower case) and values of message headers, in the order they came.
    pub(super) headers: Vec<(String, String)>,
}

impl Declared {
    /// Reads the headers of a request.
    ///
    /// # Errors
    /// 400 for a header that is unknown, repeated, contradicts another or is not UTF-8; 501 for
    /// those of CloudEvents.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut declared = Self::default();
        for (name, value) in headers {
            declared.take(name, value)?;
        }
        let Self { key, key_from, dedup_id, dedup_from, .. } = &declared;
        exclusive("Millstream-Key", key, "Millstream-Key-From", key_from)?;
        exclusive("Millstream-Dedup-Id", dedup_id, "Millstream-Dedup-From", dedup_from)?;
        Ok(declared)
    }

    fn take(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<(), Problem> {
        let full = name.as_str();
        if let Some(name) = full.strip_prefix(HEADER_PREFIX) {
            return self.take_message_header(name, full, value);
        }
        if TRACE_HEADERS.contains(&full) {
            return self.take_message_header(full, full, value);
        }
        match full {
            "millstream-key" => set(&mut self.key, full, value),
            "millstream-key-from" => set(&mut self.key_from, full, value),
            "millstream-dedup-id" => set(&mut self.dedup_id, full, value),
            "millstream-dedup-from" => set(&mut self.dedup_from, full, value),
            "millstream-delay" => set(&mut self.delay, full, value),
            "millstream-expires-in" => set(&mut self.expires_in, full, value),
            _ if full.starts_with("ce-") => {
                Err(Problem::not_available("CloudEvents (ce-* headers)"))
            }
            _ if full.starts_with(OWN_PREFIX) => Err(unknown(full)),
            _ => Ok(()),
        }
    }

    fn take_message_header(
        &mut self,
        name: &str,
        full: &str,
        value: &HeaderValue,
    ) -> Result<(), Problem> {
        let value = text(full, value)?;
        let name = header_name(name).map_err(|reason| refused(full, &reason))?;
        header_value(&name, &value).map_err(|reason| refused(full, &reason))?;
        self.headers.push((name.into_owned(), value));
        Ok(())
    }
}

fn exclusive<T>(
    name: &str,
    value: &Option<T>,
    other_name: &str,
    other: &Option<T>,
) -> Result<(), Problem> {
    if value.is_some() && other.is_some() {
        let detail = format!("{name} and {other_name} exclude each other: give one");
        return Err(Problem::malformed(detail));
    }
    Ok(())
}

fn set(slot: &mut Option<String>, name: &str, value: &HeaderValue) -> Result<(), Problem> {
    if slot.is_some() {
        return Err(Problem::malformed(format!("the request header `{name}` is given twice")));
    }
    *slot = Some(text(name, value)?);
    Ok(())
}

fn text(name: &str, value: &HeaderValue) -> Result<String, Problem> {
    let text = std::str::from_utf8(value.as_bytes());
    text.map(str::to_owned)
        .map_err(|_| Problem::malformed(format!("the request header `{name}` is not UTF-8")))
}

fn refused(name: &str, reason: &Reason) -> Problem {
    let detail = format!("request header `{name}`: {reason}");
    match reason {
        Reason::TooLarge(_) => Problem::too_large(detail),
        Reason::Malformed(_) => Problem::malformed(detail),
    }
}

fn unknown(name: &str) -> Problem {
    Problem::malformed(format!("unknown request header `{name}`; known are {KNOWN}"))
}
