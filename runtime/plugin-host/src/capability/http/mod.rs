//! `wasi:http`, outgoing only: a plugin calls the origins that its pipeline lists, and nobody else.
//!
//! A request goes through [`Outlet::admits`] (who is called), [`network`] (which addresses that is),
//! [`send`] (one connection, for as long as the call) and [`body`] (how much). Redirects are
//! answers like any other: a guest that follows one makes another request, which is looked at anew.
//! Nothing outlives the call that made the request.

mod address;
mod body;
mod error;
mod network;
mod origin;
mod outlet;
mod send;
mod tls;

use std::sync::Arc;

use http::Request;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

pub(crate) use network::Network;
pub use network::{Outbound, Resolve, Resolver, Roots};
pub use origin::Origin;
pub(crate) use outlet::Outlet;

use crate::grants::Reach;
use crate::guest::Guest;
use crate::host_data::HostData;
use send::Exchange;

/// Requests of one instance under way at a time: each holds a connection and its buffers.
const REQUESTS_MAX: usize = 16;
/// Bytes of one piece of a request's body. Two wait for each request, sent or not, so that a guest
/// with all its handles full of unsent requests holds little of the host's memory.
const PIECE_BYTES_MAX: usize = 16 << 10;
/// Bytes of headers that a guest may put together, for the same reason; the host's own bookkeeping
/// of them counts.
const FIELD_BYTES_MAX: usize = 16 << 10;

/// Whether a guest may import `interface` of `version` once it is granted. Not the incoming handler:
/// messages come from topics.
pub(super) fn offers(interface: &str, version: &str) -> bool {
    let ours = ["wasi:http/types", "wasi:http/outgoing-handler"].contains(&interface);
    ours && version.starts_with("0.2.") && !version.contains('-')
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// One instance's side of http.
pub(crate) struct Http {
    context: WasiHttpCtx,
    calls: Calls,
}

/// Decides about requests.
struct Calls {
    outlet: Arc<Outlet>,
    reach: Reach,
    subscription: Box<str>,
    /// What the running call may still hand over.
    host_data: HostData,
    /// One permit for each request under way.
    places: Arc<Semaphore>,
    /// Ends what the running call began; none while it began nothing.
    ended: Option<CancellationToken>,
    /// Whether a refusal was logged: a guest must not fill the log with them.
    told: bool,
}

impl Http {
    pub(crate) fn new(
        outlet: Arc<Outlet>,
        reach: Reach,
        subscription: &str,
        host_data: HostData,
    ) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(FIELD_BYTES_MAX);
        let calls = Calls {
            outlet,
            reach,
            subscription: subscription.into(),
            host_data,
            places: Arc::new(Semaphore::new(REQUESTS_MAX)),
            ended: None,
            told: false,
        };
        Self { context, calls }
    }

    /// What the engine's bindings work on.
    pub(crate) fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView { hooks: &mut self.calls, table, ctx: &mut self.context }
    }

    /// The call has ended, and with it its requests. It is the call that has a deadline: a request
    /// with the same one would be an error that a guest could still answer for, in the place of the
    /// timeout that it is.
    pub(crate) fn end(&mut self) {
        self.calls.ended.take().into_iter().for_each(|ended| ended.cancel());
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.http_view()
    }
}

impl Calls {
    fn admit(
        &mut self,
        request: Request<WasiBody>,
        times: RequestOptions,
    ) -> Result<Exchange, Error> {
        if !self.reach.http || self.outlet.reaches_nobody() {
            let why = "http is off here: a check, a test or a comparison calls nobody";
            return Err(Error::InternalError(Some(why.to_owned())));
        }
        let Some(origin) = self.outlet.admits(&request) else {
            self.tell(&request);
            return Err(Error::HttpRequestDenied);
        };
        if let Err(spent) = self.host_data.take(head_bytes(&request)) {
            return Err(Error::InternalError(Some(format!("limits.host_data: {spent}"))));
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return Err(Error::ConnectionLimitReached);
        };
        let (outlet, host_data) = (self.outlet.clone(), self.host_data.clone());
        let ended = self.ended.get_or_insert_default().clone();
        Ok(Exchange { outlet, origin, place, host_data, request, times, ended })
    }

    /// Says once what a guest tried: its author needs to know, and so does who runs it.
    fn tell(&mut self, request: &Request<WasiBody>) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let (plugin, subscription) = (&self.outlet.plugin, &self.subscription);
        let (scheme, authority) = (request.uri().scheme_str(), request.uri().authority());
        let (scheme, authority) =
            (scheme.unwrap_or_default(), authority.map_or("", |authority| authority.as_str()));
        tracing::warn!(
            target: "plugin", %plugin, %subscription,
            "http to `{scheme}://{authority:.200}` refused: `grants.http` does not list it"
        );
    }
}

/// What a guest hands over with a request, without its body.
fn head_bytes(request: &Request<WasiBody>) -> usize {
    let uri = request.uri();
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    path + authority + headers
}

/// What a request becomes: the response, and what keeps its connection going.
type Sent =
    Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Calls {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let exchange = self.admit(request, options.unwrap_or_default());
        Box::new(async move { exchange?.run().await })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE_BYTES_MAX
    }
}
