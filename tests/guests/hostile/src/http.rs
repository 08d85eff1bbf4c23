//! One request by `wasi:http`, waited for.

use crate::wasi::http::outgoing_handler::handle;
use crate::wasi::http::types::{Fields, IncomingResponse, OutgoingRequest, Scheme};
pub use crate::wasi::http::types::ErrorCode;

/// Asks `http://AUTHORITY/PATH`; the error is the host's, by its name.
pub fn get(authority: &str, path: &str) -> Result<IncomingResponse, ErrorCode> {
    let request = OutgoingRequest::new(Fields::new());
    let set = request
        .set_scheme(Some(&Scheme::Http))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    set.expect("the parts of the address are well formed");
    let coming = handle(request, None)?;
    coming.subscribe().block();
    coming.get().expect("it is ready").expect("nobody took it before")
}

/// What the header `location` of an answer says: a host and a path.
pub fn location(answer: &IncomingResponse) -> Option<(String, String)> {
    let value = answer.headers().get("location").pop()?;
    let text = String::from_utf8(value).ok()?;
    let (authority, path) = text.strip_prefix("http://")?.split_once('/')?;
    Some((authority.to_owned(), format!("/{path}")))
}
