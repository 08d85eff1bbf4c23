//! One request and its response, over a connection of its own, until the call that made it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::Sent;
use super::body::{RequestBody, ResponseBody};
use super::error;
use super::network::Stream;
use super::origin::Origin;
use super::outlet::Outlet;
use crate::host_data::HostData;

/// Bytes of a response's status line and headers.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Headers of a response.
const HEADERS_MAX: usize = 100;

/// A request that may go out.
pub(super) struct Exchange {
    pub(super) outlet: Arc<Outlet>,
    pub(super) origin: Origin,
    /// Of the instance's requests.
    pub(super) place: OwnedSemaphorePermit,
    pub(super) host_data: HostData,
    pub(super) request: Request<WasiBody>,
    /// How long the guest wants to wait for its parts.
    pub(super) times: RequestOptions,
    /// When the call ends.
    pub(super) ended: CancellationToken,
}

/// What the exchange keeps others from while it lasts.
type Places = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Exchange {
    /// Sends the request. The response's body comes while the second part of the answer is awaited;
    /// dropping that ends the connection, and so does the end of the call.
    pub(super) async fn run(self) -> Sent {
        let ended = self.ended.clone();
        let sent = ended.run_until_cancelled(self.send()).await;
        sent.unwrap_or(Err(Error::ConnectionTerminated))
    }

    async fn send(self) -> Sent {
        let Self { outlet, origin, place, host_data, request, times, ended } = self;
        let connecting = connect(&outlet, &origin, place);
        let connected = within(times.connect_timeout, connecting).await;
        let (stream, places) = connected.map_err(|_| Error::ConnectionTimeout)??;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error::of_http(&error))?;
        // Ends with its handle, and that with this future or the guest's response.
        let connection = spawn(connection);
        let request = direct(request, host_data, outlet.host_data_max);
        let answer = within(times.first_byte_timeout, sender.send_request(request)).await;
        let response = answer.map_err(|_| Error::ConnectionReadTimeout)?;
        let response = response.map_err(|error| error::of_http(&error))?;
        let going_on = async move {
            // How it ended is told by the body.
            let _ = ended.run_until_cancelled(connection).await;
            drop(places);
            Ok(())
        };
        let response: Response<WasiBody> =
            response.map(|body| ResponseBody::new(body, &times).boxed_unsync());
        Ok((response, Box::new(going_on)))
    }
}

/// Waits as long as the guest wants to, or until its call ends.
async fn within<F: Future>(patience: Option<Duration>, work: F) -> Result<F::Output, Elapsed> {
    match patience {
        Some(patience) => timeout(patience, work).await,
        None => Ok(work.await),
    }
}

async fn connect(
    outlet: &Arc<Outlet>,
    origin: &Origin,
    place: OwnedSemaphorePermit,
) -> Result<(Box<dyn Stream>, Places), Error> {
    let connections = outlet.connections.clone();
    let connection =
        connections.acquire_owned().await.map_err(|_| Error::ConnectionLimitReached)?;
    let (addresses, places) = look_up(outlet, origin, (place, connection)).await?;
    let stream = outlet.network.connect(origin, addresses).await?;
    Ok((stream, places))
}

/// In a task of its own: the system's look-up cannot be given up, and while it lasts it counts as a
/// request, so that a guest cannot start one after another.
async fn look_up(
    outlet: &Arc<Outlet>,
    origin: &Origin,
    places: Places,
) -> Result<(Vec<SocketAddr>, Places), Error> {
    let (network, origin) = (outlet.network.clone(), origin.clone());
    let looking = tokio::spawn(async move { (network.addresses(&origin).await, places) });
    let (addresses, places) = looking.await.map_err(|_| Error::DestinationNotFound)?;
    Ok((addresses?, places))
}

/// As a server is asked that is no proxy: by path.
fn direct(request: Request<WasiBody>, data: HostData, data_max: u64) -> Request<RequestBody> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().cloned();
    head.uri = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    Request::from_parts(head, RequestBody::new(body, data, data_max))
}
