//! Calls whom its message says and publishes the answer; rejects with the error's code. The first
//! line is `METHOD URL`, further ones are a word and a number each:
//!
//! `send` bytes of a body · `header` bytes in a header · `connect`, `first-byte`, `between` ms to wait
//! for · `times` requests at once, all sent before the first answer is read · `hold` answers unread.

use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

/// How much of a body is told.
const TOLD_MAX: usize = 100;

struct Fetch;

impl Guest for Fetch {
    fn handle(message: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        let order = Order(String::from_utf8(message.payload).unwrap());
        let answers = order.run().map_err(Failure::Reject)?;
        Ok(vec![OutgoingMessage { payload: answers.into_bytes(), ..Default::default() }])
    }
}

struct Order(String);

impl Order {
    fn number(&self, word: &str) -> Option<u64> {
        let mut lines = self.0.lines().skip(1).filter_map(|line| line.split_once(' '));
        lines.find(|(name, _)| *name == word).map(|(_, number)| number.parse().unwrap())
    }

    fn run(&self) -> Result<String, String> {
        let times = self.number("times").unwrap_or(1);
        let waiting: Vec<_> = (0..times).map(|_| self.start()).collect::<Result<_, _>>()?;
        let answers: Vec<_> = waiting.into_iter().map(answer).collect::<Result<_, _>>()?;
        if self.number("hold").is_some() {
            let told = answers.len().to_string();
            std::mem::forget(answers);
            return Ok(told);
        }
        let told: Vec<_> = answers.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(told.join("\n"))
    }

    fn start(&self) -> Result<FutureIncomingResponse, String> {
        let (method, url) = self.0.lines().next().unwrap().split_once(' ').unwrap();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let headers = Fields::new();
        if let Some(bytes) = self.number("header") {
            headers.append("x-big", &vec![b'x'; bytes as usize]).unwrap();
        }
        let request = OutgoingRequest::new(headers);
        request.set_method(&Method::Other(method.to_owned())).unwrap();
        request
            .set_scheme(Some(&match scheme {
                "http" => Scheme::Http,
                "https" => Scheme::Https,
                other => Scheme::Other(other.to_owned()),
            }))
            .unwrap();
        request.set_authority(Some(authority)).map_err(|()| "authority")?;
        request.set_path_with_query(Some(path)).map_err(|()| "path")?;
        let body = request.body().unwrap();
        let options = RequestOptions::new();
        let nanoseconds = |word| self.number(word).map(|ms| ms * 1_000_000);
        options.set_connect_timeout(nanoseconds("connect")).unwrap();
        options.set_first_byte_timeout(nanoseconds("first-byte")).unwrap();
        options.set_between_bytes_timeout(nanoseconds("between")).unwrap();
        let sent = outgoing_handler::handle(request, Some(options));
        let future = sent.map_err(|code| format!("{code:?}"))?;
        send(body, self.number("send").unwrap_or(0));
        Ok(future)
    }
}

/// Writes until all is sent or nobody takes it.
fn send(body: OutgoingBody, mut left: u64) {
    let stream = body.write().unwrap();
    let ready = stream.subscribe();
    while left > 0 {
        ready.block();
        let Ok(room) = stream.check_write() else { break };
        let piece = room.min(left);
        if stream.write(&vec![b'x'; piece as usize]).is_err() {
            break;
        }
        left -= piece;
    }
    drop(ready);
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn answer(future: FutureIncomingResponse) -> Result<IncomingResponse, String> {
    future.subscribe().block();
    future.get().unwrap().unwrap().map_err(|code| format!("{code:?}"))
}

fn read(response: IncomingResponse) -> Result<String, String> {
    let body = response.consume().unwrap();
    let stream = body.stream().unwrap();
    let (mut bytes, mut told) = (0, Vec::new());
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(piece) => {
                bytes += piece.len();
                told.extend(piece.into_iter().take(TOLD_MAX - told.len()));
            }
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    Ok(format!("{} {bytes} {}", response.status(), String::from_utf8_lossy(&told)))
}

export!(Fetch);
