//! The connections of one listener, and the bounds that keep a client from holding them for ever.
//!
//! Hyper is driven directly, since `axum::serve` sets no bound on the headers of a request.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once: further ones wait in the operating system's backlog, so that a client
/// that opens many cannot use up the file descriptors.
const CONNECTIONS_MAX: usize = 1_024;
/// Header fields of one request, its `Millstream-Header-*` among them.
const HEADER_FIELDS_MAX: usize = 128;
/// How long the head of a request may take, and a connection idle between two requests: stops
/// clients that send a byte now and then.
const HEAD_MAX: Duration = Duration::from_secs(30);
/// How long closing waits for answers that are being written.
const CLOSING_MAX: Duration = Duration::from_secs(2);
/// Wait after a failed accept, which mostly means that file descriptors are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The connections of one listener.
pub(crate) struct Connections {
    router: Router,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    /// Finish the request at hand, then close.
    closing: CancellationToken,
    /// Close now.
    cut: CancellationToken,
}

impl Connections {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Takes one connection and serves it in a task of its own. Dropping the future loses none.
    pub(crate) async fn accept(&self, listener: &TcpListener) {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                return sleep(ACCEPT_PAUSE).await;
            }
        };
        let (router, closing) = (self.router.clone(), self.closing.clone());
        let cut = self.cut.clone();
        self.tasks.spawn(async move {
            let served = cut.run_until_cancelled(converse(stream, router, closing)).await;
            if let Some(Err(error)) = served {
                tracing::debug!(%error, "connection ended");
            }
            drop(place);
        });
    }

    /// Lets answers be written, then ends every connection.
    pub(crate) async fn close(self) {
        self.closing.cancel();
        self.tasks.close();
        if timeout(CLOSING_MAX, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "connections cut off");
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}

async fn converse(
    stream: TcpStream,
    router: Router,
    closing: CancellationToken,
) -> hyper::Result<()> {
    // Answers are small and waited for: without this, the last part of one may wait for an ack.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_headers(HEADER_FIELDS_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        result = connection.as_mut() => return result,
        () = closing.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}
