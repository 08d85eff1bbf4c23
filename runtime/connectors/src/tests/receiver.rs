//! A server that HTTP sinks post to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What the receiver saw of a request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| std::str::from_utf8(value.as_bytes()).unwrap())
    }
}

/// What the receiver answers to a body.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: String,
}

pub(super) fn status(status: u16) -> Reply {
    Reply { status, ..Reply::default() }
}

/// A server that answers by the body of each request, 200 where nothing else is said, and never
/// where the body is `hang`.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Mutex<Vec<Seen>>>,
    replies: Arc<Mutex<HashMap<Vec<u8>, Reply>>>,
    /// A request is answered once it has a permit.
    pub(super) gate: Arc<Semaphore>,
    /// Requests that wait at the gate.
    pub(super) waiting: Arc<Semaphore>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            replies: Arc::default(),
            gate: Arc::new(Semaphore::new(1 << 20)),
            waiting: Arc::new(Semaphore::new(0)),
        };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = serving.clone();
                let answer = service_fn(move |request| receiver.clone().answer(request));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
            }
        });
        receiver
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        assert_eq!(parts.method, "POST");
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let reply = self.replies.lock().unwrap().get(&body).cloned();
        let hangs = body == b"hang";
        self.seen.lock().unwrap().push(Seen { headers: parts.headers, body });
        self.waiting.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        if hangs {
            return pending().await;
        }
        let reply = reply.unwrap_or_else(|| status(200));
        let mut response = Response::builder().status(reply.status);
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::from(reply.body)).unwrap())
    }

    pub(super) fn reply(&self, body: &[u8], reply: Reply) {
        self.replies.lock().unwrap().insert(body.to_vec(), reply);
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        let text = |seen: &Seen| String::from_utf8(seen.body.clone()).unwrap();
        self.seen.lock().unwrap().iter().map(text).collect()
    }
}
