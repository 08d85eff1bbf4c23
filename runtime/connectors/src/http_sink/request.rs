//! From a message to a request.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{Method, Request, Uri};
use millstream_message::Message;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::IgnoredAny;

/// The message's id, the same in every delivery.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The message's key.
const MESSAGE_KEY: HeaderName = HeaderName::from_static("millstream-key");

/// Headers that nobody else may set: they frame the request, or are what the sink promises.
const OWN: [HeaderName; 6] =
    [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, IDEMPOTENCY_KEY, MESSAGE_KEY];

/// Headers of the W3C's trace context: receivers know them by their own names.
const TRACE: [&str; 2] = ["traceparent", "tracestate"];

/// What is encoded of a key that no header can hold as it is: `%` too, so that it can be decoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b' ');

/// The URL, when a request can be sent there.
pub(super) fn uri(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|error| format!("it is not a URL: {error}"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("it is not a URL of http or https".to_owned());
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err("a URL with credentials is kept nowhere safe: use a header `authorization`"
                .to_owned())
        }
        Some(authority) if !authority.host().is_empty() => Ok(uri),
        _ => Err("it names no host".to_owned()),
    }
}

/// What of a URL people may read: neither credentials nor the query, which often is one.
pub(super) fn place(url: &str) -> &str {
    let place = url.split(['?', '#']).next().unwrap_or_default();
    place.rsplit('@').next().unwrap_or_default()
}

/// The headers of every request.
pub(super) fn configured(headers: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::with_capacity(headers.len() + 1);
    map.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("millstream/", env!("CARGO_PKG_VERSION"))),
    );
    for (name, value) in headers {
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("`{}` is no name of a header", name.escape_debug()))?;
        if OWN.contains(&name) {
            return Err(format!("the header `{name}` is the sink's own: leave it out"));
        }
        // The value may be a secret: the text does not show it.
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the value of header `{name}` holds a control character"))?;
        map.insert(name, value);
    }
    Ok(map)
}

/// The request that carries `message`.
pub(super) fn of(
    message: Message<'_>,
    uri: &Uri,
    configured: &HeaderMap,
) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::new(Full::new(Bytes::copy_from_slice(message.payload())));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(message.payload()));
    for (name, text) in message.headers() {
        headers.append(header_name(name)?, value(text)?);
    }
    configured.iter().for_each(|(name, value)| drop(headers.insert(name, value.clone())));
    headers.insert(IDEMPOTENCY_KEY, value(&message.id().to_string())?);
    if let Some(key) = message.key() {
        headers.insert(MESSAGE_KEY, value(&sendable(key))?);
    }
    Ok(request)
}

fn content_type(payload: &[u8]) -> HeaderValue {
    let first = payload.trim_ascii_start().first();
    let json = matches!(first, Some(b'{' | b'['))
        && serde_json::from_slice::<IgnoredAny>(payload).is_ok()
        && std::str::from_utf8(payload).is_ok();
    HeaderValue::from_static(if json { "application/json" } else { "application/octet-stream" })
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    let full = match TRACE.contains(&name) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(format!("millstream-header-{name}")),
    };
    full.parse().map_err(|_| format!("no header can be called `{}`", full.escape_debug()))
}

fn value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| format!("`{}` can be in no header", text.escape_debug()))
}

/// A header loses the space around its value, and holds no control characters.
fn sendable(key: &str) -> Cow<'_, str> {
    let lost = key.trim_matches([' ', '\t']) != key;
    if lost || HeaderValue::from_bytes(key.as_bytes()).is_err() {
        return Cow::Owned(utf8_percent_encode(key, ENCODED).to_string());
    }
    Cow::Borrowed(key)
}
