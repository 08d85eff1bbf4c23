//! Servers that guests with a grant call: each answers every request in its one way.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Connections that one server answers before it stops: a test makes a handful.
const CONNECTIONS_MAX: usize = 1_000;

/// Servers on this machine, which end with the test process.
pub(crate) struct Outside {
    /// Sends whoever asks to `private`.
    pub(crate) redirecting: SocketAddr,
    /// Answers with a body that does not end.
    pub(crate) endless: SocketAddr,
    /// Listed by nobody: nothing may come here.
    pub(crate) private: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl Outside {
    pub(crate) fn start() -> Self {
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        let private = serve(move |mut stream| {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        });
        let redirecting = serve(move |mut stream| {
            let _ = write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: http://{private}/secret\r\ncontent-length: 0\r\n\r\n"
            );
        });
        let endless = serve(|mut stream| {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let mut open = stream.write_all(head).is_ok();
            // Ends when the host hangs up.
            while open {
                open = stream.write_all(b"5\r\nhello\r\n").is_ok();
            }
        });
        Self { redirecting, endless, private, visits }
    }

    /// How often somebody came to `private`.
    pub(crate) fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// Answers each request, once its head was read, by `answer`.
fn serve(answer: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(CONNECTIONS_MAX).flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let lines = BufReader::new(&stream).lines();
                if lines.map_while(Result::ok).any(|line| line.is_empty()) {
                    answer(stream);
                }
            });
        }
    });
    address
}
