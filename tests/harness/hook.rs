//! A web hook: what the other end of an HTTP sink sees, and answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::lines::PATIENCE;

/// Bytes of a request's head and body: no test sends more.
const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// A server on a free port of this machine. It ends with the test process.
pub struct Hook {
    origin: String,
    url: String,
    calls: Receiver<Call>,
}

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Path and query.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Hook {
    /// Answers each call with the status that `status` gives it. Each connection has a thread of
    /// its own, so `status` may wait.
    #[must_use]
    pub fn answering(status: impl Fn(&Call) -> u16 + Send + Sync + 'static) -> Self {
        Self::saying("", status)
    }

    /// The same with a body in each answer.
    #[must_use]
    pub fn saying(
        body: &'static str,
        status: impl Fn(&Call) -> u16 + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let origin = format!("http://{}", listener.local_addr().expect("it has an address"));
        let (send, calls) = channel();
        let status = Arc::new(status);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (send, status) = (send.clone(), Arc::clone(&status));
                // A connection that breaks is the sink's affair.
                std::thread::spawn(move || drop(serve(&stream, &send, &*status, body)));
            }
        });
        Self { url: format!("{origin}/hook"), origin, calls }
    }

    /// Where it listens, without a path.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next call, once it was answered.
    #[track_caller]
    #[must_use]
    pub fn next_call(&self) -> Call {
        self.calls.recv_timeout(PATIENCE).expect("nobody calls the hook in time")
    }

    /// Calls that came since the last one that was asked for.
    #[must_use]
    pub fn more_calls(&self) -> Vec<Call> {
        self.calls.try_iter().collect()
    }
}

impl Call {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Answers the requests of one connection, until it ends.
fn serve(
    stream: &TcpStream,
    calls: &Sender<Call>,
    status: &(impl Fn(&Call) -> u16 + ?Sized),
    body: &str,
) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(call) = read(&mut reader)? {
        let status = status(&call);
        // In one piece: the second of two small ones would wait for the other side.
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: {length}\r\n\r\n{body}");
        let mut stream = stream;
        stream.write_all(answer.as_bytes())?;
        // The test may be over.
        let _ = calls.send(call);
    }
    Ok(())
}

/// The next request; none when the other side has ended the connection.
fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Call>> {
    let mut reader = reader.take(REQUEST_BYTES_MAX);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut call = Call { path, headers, body: Vec::new() };
    let length = call.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.take(length).read_to_end(&mut call.body)?;
    Ok(Some(call))
}
