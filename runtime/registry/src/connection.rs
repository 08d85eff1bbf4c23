//! The way to a registry: how it is spoken to, and as whom.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use millstream_formats::OciReference;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::{Client, Reference};

use crate::credentials::{self, Credentials};
use crate::error::PullError;

/// How long a registry may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long it may be silent within an answer.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A registry, one image in it, and who asks for that.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) image: Reference,
    pub(crate) credentials: Credentials,
}

impl Connection {
    /// Nothing is sent yet.
    pub(crate) async fn open(
        reference: &OciReference,
        configuration: Option<&Path>,
    ) -> Result<Self, PullError> {
        let credentials = credentials::of(reference.registry(), configuration)?;
        let client = client(reference.registry())?;
        let to = Self { client, image: image(reference), credentials };
        to.client.store_auth_if_needed(to.image.resolve_registry(), &to.credentials.auth).await;
        Ok(to)
    }

    /// Whose credentials were refused is told too.
    pub(crate) fn told(&self, error: OciDistributionError) -> PullError {
        match PullError::from(error) {
            PullError::Unauthorized(why) => {
                PullError::Unauthorized(format!("{why} ({})", self.credentials.note))
            }
            other => other,
        }
    }
}

fn client(registry: &str) -> Result<Client, PullError> {
    let protocol = match is_loopback(registry) {
        true => ClientProtocol::Http,
        false => ClientProtocol::Https,
    };
    let config = ClientConfig {
        protocol,
        connect_timeout: Some(CONNECT_MAX),
        read_timeout: Some(SILENCE_MAX),
        user_agent: concat!("millstream/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    };
    Client::try_from(config).map_err(PullError::from)
}

/// Whether it is on this machine, where nobody listens between us and it.
fn is_loopback(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => registry,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A digest says more than a tag beside it, which may have moved.
fn image(reference: &OciReference) -> Reference {
    let (registry, repository) =
        (reference.registry().to_owned(), reference.repository().to_owned());
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => Reference::with_digest(registry, repository, digest.to_owned()),
        (None, tag) => {
            Reference::with_tag(registry, repository, tag.unwrap_or_default().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_registries_of_this_machine_are_asked_in_the_clear() {
        let here =
            ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000", "[::1]"];
        let elsewhere =
            ["registry.example", "localhost.example:5000", "10.0.0.1:5000", "[fe80::1]:5000"];
        assert!(here.iter().all(|registry| is_loopback(registry)));
        assert!(!elsewhere.iter().any(|registry| is_loopback(registry)));
    }
}
