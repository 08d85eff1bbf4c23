//! The connections, and how long a request may take.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Uri};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout_at};

use super::HTTP_IN_FLIGHT_MAX;
use super::response::{self, Verdict};

/// How long a connection waits for its next request: shorter than most servers keep one.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Sends requests over connections that it keeps.
pub(super) struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl Client {
    /// A client for `uri`, which needs roots of trust only where it is `https`.
    pub(super) fn new(uri: &Uri, timeout: Duration) -> Result<Self, String> {
        let tls = tls(uri.scheme_str() == Some("https"))?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(HTTP_IN_FLIGHT_MAX)
            .build(connector);
        Ok(Self { http, timeout })
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Verdict {
        let deadline = Instant::now() + self.timeout;
        match timeout_at(deadline, self.http.request(request)).await {
            Ok(Ok(response)) => response::verdict(response, deadline).await,
            Ok(Err(error)) => Verdict::retry(format!("no answer: {}", cause(&error))),
            Err(_) => Verdict::retry(format!("no answer within {:?}", self.timeout)),
        }
    }
}

/// The system's roots, so that an organisation's own are trusted too; Mozilla's where it has none.
fn tls(needs_roots: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be used: {error}"))
    };
    let trusting = if needs_roots {
        let system = builder()?.with_native_roots();
        system.map_or_else(|_| builder().map(ConfigBuilderExt::with_webpki_roots), Ok)?
    } else {
        builder()?.with_root_certificates(RootCertStore::empty())
    };
    Ok(trusting.with_no_client_auth())
}

/// The innermost error: the outer ones say only that there was one.
fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
