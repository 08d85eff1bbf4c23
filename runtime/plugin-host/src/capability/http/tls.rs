//! TLS, verified against the name that was listed.

use std::io;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wasmtime_wasi_http::Error;

use super::error;
use super::network::Roots;
use super::origin::Host;

/// Makes TLS connections. Roots are read on first use: most pipelines need none.
pub(super) struct Tls {
    roots: Roots,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    pub(super) fn new(roots: Roots) -> Self {
        Self { roots, connector: OnceCell::new() }
    }

    pub(super) async fn connect(
        &self,
        host: &Host,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Error> {
        let connector = self.connector.get_or_try_init(|| load(self.roots.clone())).await?;
        let name = match host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => {
                ServerName::try_from(name.to_string()).map_err(|_| Error::HttpRequestUriInvalid)?
            }
        };
        connector.connect(name, stream).await.map_err(|error| error::of_tls(&error))
    }
}

/// On a blocking thread: the system's roots are files.
async fn load(roots: Roots) -> Result<TlsConnector, Error> {
    let unusable = |why: String| Error::InternalError(Some(format!("TLS cannot be used: {why}")));
    let loading = tokio::task::spawn_blocking(move || config(roots));
    let loaded = loading.await.map_err(|error| unusable(error.to_string()))?;
    loaded
        .map(|config| TlsConnector::from(Arc::new(config)))
        .map_err(|error| unusable(error.to_string()))
}

fn config(roots: Roots) -> io::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)
    };
    let trusting = match roots {
        Roots::System => match builder()?.with_native_roots() {
            Ok(trusting) => trusting,
            Err(_) => builder()?.with_webpki_roots(),
        },
        Roots::These(certificates) => {
            let mut store = RootCertStore::empty();
            for certificate in certificates {
                store.add(CertificateDer::from(certificate)).map_err(io::Error::other)?;
            }
            builder()?.with_root_certificates(store)
        }
    };
    Ok(trusting.with_no_client_auth())
}
