//! From an origin to a connection: every address is looked at, and one of those very addresses is
//! connected to, so that a second answer of the name's server changes nothing.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use wasmtime_wasi_http::Error;

use super::address;
use super::error;
use super::origin::{Host, Origin};
use super::tls::Tls;

/// Addresses of one name that are looked at: a name with more is not used.
const ADDRESSES_MAX: usize = 64;

/// How plugins get out of this process.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    /// Who says which addresses a name has.
    pub resolver: Resolver,
    /// Whose certificates are believed.
    pub roots: Roots,
}

/// Who says which addresses a name has. Whoever it is, what it says is checked.
#[derive(Clone, Default)]
pub enum Resolver {
    /// The operating system.
    #[default]
    System,
    /// Someone else.
    External(Arc<dyn Resolve>),
}

/// Says which addresses a name has.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses of `name`.
    ///
    /// # Errors
    /// The name has none, or they cannot be found out.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Whose certificates are believed.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The system's; Mozilla's where it has none.
    #[default]
    System,
    /// These certificates' alone, each as DER.
    These(Vec<Vec<u8>>),
}

impl Resolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => Ok(lookup_host((name, 0))
                .await?
                .take(ADDRESSES_MAX + 1)
                .map(|found| found.ip())
                .collect()),
            Self::External(resolver) => resolver.resolve(name).await,
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::External(_) => "External",
        })
    }
}

/// A connection, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The way out, shared by all plugins of a host.
pub(crate) struct Network {
    resolver: Resolver,
    tls: Tls,
}

impl Network {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { resolver: outbound.resolver, tls: Tls::new(outbound.roots) }
    }

    /// The addresses of an origin, each of which it may have.
    pub(super) async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, Error> {
        let found = match &origin.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver.resolve(name).await.map_err(|error| {
                Error::DnsError { rcode: Some(error.to_string()), info_code: None }
            })?,
        };
        if found.is_empty() || found.len() > ADDRESSES_MAX {
            let rcode = Some(format!("the name has {} addresses", found.len()));
            return Err(Error::DnsError { rcode, info_code: None });
        }
        // One bad address is enough: a name that has one is not what was listed.
        if found.iter().any(|address| !address::permitted(&origin.host, *address)) {
            return Err(Error::DestinationIpProhibited);
        }
        Ok(found.into_iter().map(|address| SocketAddr::new(address, origin.port)).collect())
    }

    /// A connection to one of `addresses`, the first that takes it.
    pub(super) async fn connect(
        &self,
        origin: &Origin,
        addresses: Vec<SocketAddr>,
    ) -> Result<Box<dyn Stream>, Error> {
        let stream = first(addresses).await?;
        // Requests are small and written in one piece.
        stream.set_nodelay(true).map_err(|error| error::of_connecting(&error))?;
        if !origin.tls {
            return Ok(Box::new(stream));
        }
        Ok(Box::new(self.tls.connect(&origin.host, stream).await?))
    }
}

async fn first(addresses: Vec<SocketAddr>) -> Result<TcpStream, Error> {
    let mut failed = Error::DestinationNotFound;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error::of_connecting(&error),
        }
    }
    Err(failed)
}
