//! One request, by `wasi:http`.

/// What a server answers.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Bytes of an answer: a rate is shorter.
#[cfg(target_arch = "wasm32")]
const REPLY_BYTES_MAX: usize = 1 << 10;

/// Asks for `url`. The error is for people.
#[cfg(target_arch = "wasm32")]
pub(crate) fn get(url: &str) -> Result<Reply, String> {
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

    let (scheme, rest) = url.split_once("://").ok_or("it has no scheme")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let request = OutgoingRequest::new(Fields::new());
    let set = request
        .set_scheme(Some(&scheme))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    set.map_err(|()| "it is no URL")?;
    let coming = handle(request, None).map_err(|code| code.to_string())?;
    coming.subscribe().block();
    let answer = coming.get().and_then(Result::ok).ok_or("there is no answer")?;
    let answer = answer.map_err(|code| code.to_string())?;
    let text = text(&answer)?;
    Ok(Reply { status: answer.status(), text })
}

#[cfg(target_arch = "wasm32")]
fn text(answer: &wasip2::http::types::IncomingResponse) -> Result<String, String> {
    use wasip2::io::streams::StreamError;

    let body = answer.consume().map_err(|()| "it has no body")?;
    let stream = body.stream().map_err(|()| "its body cannot be read")?;
    let mut bytes = Vec::new();
    while bytes.len() < REPLY_BYTES_MAX {
        match stream.blocking_read(REPLY_BYTES_MAX as u64) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// Outside the sandbox there is no `wasi:http`: tests bring an answer of their own.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn get(_url: &str) -> Result<Reply, String> {
    Err("there is no `wasi:http` outside the sandbox".to_owned())
}
