//! Serving: connections in, requests answered, an orderly end.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::pin;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Host};
use crate::connection::Connections;
use crate::router::router;

/// How long a shutdown waits for requests that are being answered: longer than the default
/// `publish_timeout`, so that a publish that waits for room still gets its answer.
const ANSWERING_MAX: Duration = Duration::from_secs(10);

/// Answers requests on `listener` until `stop`.
///
/// From then on publishes are refused with 503 and `/readyz` says 503, while requests in hand are
/// answered for up to ten seconds; then all redrives and connections are closed and the call
/// returns.
///
/// # Errors
/// The listener has no address.
pub async fn serve(listener: TcpListener, app: App, stop: CancellationToken) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving http");
    let host = Arc::new(Host::new(app, stop.clone()));
    let connections = Connections::new(router(Arc::clone(&host)));
    accept_until(&listener, &connections, stop.cancelled()).await;
    host.in_hand.close();
    // Goes on accepting meanwhile: whoever asks is told that the host is shutting down.
    accept_until(&listener, &connections, timeout(ANSWERING_MAX, host.in_hand.wait())).await;
    host.app.dead_letters.close().await;
    drop(listener);
    connections.close().await;
    tracing::info!(%address, "http has ended");
    Ok(())
}

async fn accept_until(listener: &TcpListener, connections: &Connections, end: impl Future) {
    pin!(end);
    loop {
        tokio::select! {
            biased;
            _ = &mut end => return,
            () = connections.accept(listener) => {}
        }
    }
}
