//! Pulls and resolves, within limits of size and time.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use millstream_formats::OciReference;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciDescriptor,
};
use tokio::time::timeout;

use crate::artifact;
use crate::connection::Connection;
use crate::digest::digest;
use crate::error::{PullError, shown};
use crate::store::Store;

/// How long a whole pull may take: the largest component over a slow line.
const PULL_MAX: Duration = Duration::from_secs(5 * 60);
/// How long a registry may take to say what a tag names.
const RESOLVE_MAX: Duration = Duration::from_secs(30);
/// Bytes of a manifest: as much as registries take.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;
/// All that a tag may name, so that what is no plugin can be called by its name.
const ACCEPTED: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

/// What [`Registries`] go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder where what was fetched is kept; none: it is fetched every time.
    pub store: Option<PathBuf>,
    /// Docker's `config.json`, whether it is there or not.
    pub credentials: Option<PathBuf>,
    /// Bytes of a component: stops a layer that would fill the memory.
    pub component_bytes_max: u64,
}

/// The registries of the world, as this user may see them.
#[derive(Clone, Debug)]
pub struct Registries {
    store: Option<Store>,
    credentials: Option<PathBuf>,
    component_bytes_max: u64,
}

/// A component from a registry.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Its bytes, as large as they may be at most.
    pub bytes: Bytes,
    /// Where it came from, with the digest of its manifest.
    pub reference: OciReference,
}

impl Registries {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        // The client takes the one of the process. That there is one already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Settings { store, credentials, component_bytes_max } = settings;
        Self { store: store.map(Store::new), credentials, component_bytes_max }
    }

    /// The component that `reference` names now. What was fetched before is taken from the disk; a tag
    /// is asked for every time.
    ///
    /// # Errors
    /// It did not come, not within its limits, or is no plugin.
    pub async fn pull(&self, reference: &OciReference) -> Result<Pulled, PullError> {
        within(PULL_MAX, self.pulled(reference)).await
    }

    /// The digest of the manifest that `reference` names now.
    ///
    /// # Errors
    /// The registry did not say it.
    pub async fn resolve(&self, reference: &OciReference) -> Result<String, PullError> {
        if let Some(digest) = reference.digest() {
            return Ok(digest.to_owned());
        }
        let resolved = async {
            let to = Connection::open(reference, self.credentials.as_deref()).await?;
            let digest = to.client.fetch_manifest_digest(&to.image, &to.credentials.auth).await;
            digest.map_err(|error| to.told(error))
        };
        within(RESOLVE_MAX, resolved).await
    }

    async fn pulled(&self, reference: &OciReference) -> Result<Pulled, PullError> {
        let to = Connection::open(reference, self.credentials.as_deref()).await?;
        let (manifest, digest) = self.manifest(&to, reference).await?;
        let layer = artifact::layer(&manifest, self.component_bytes_max)?;
        let bytes = match self.kept(&layer.digest, self.component_bytes_max).await {
            Some(kept) => kept,
            None => self.fetch(&to, &layer).await?,
        };
        Ok(Pulled { bytes, reference: reference.pinned(&digest) })
    }

    /// The manifest and its digest.
    async fn manifest(
        &self,
        to: &Connection,
        reference: &OciReference,
    ) -> Result<(Bytes, String), PullError> {
        if let Some(digest) = reference.digest()
            && let Some(kept) = self.kept(digest, MANIFEST_BYTES_MAX).await
        {
            return Ok((kept, digest.to_owned()));
        }
        let auth = &to.credentials.auth;
        // Reads all that comes: only the time is bounded.
        let came = to.client.pull_manifest_raw(&to.image, auth, &ACCEPTED).await;
        let (manifest, _) = came.map_err(|error| to.told(error))?;
        if manifest.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(PullError::NoPlugin(format!("its manifest has {} bytes", manifest.len())));
        }
        let expected = reference.digest().unwrap_or_default();
        let actual = verified(&manifest, expected)?;
        self.keep(&actual, &manifest).await;
        Ok((manifest, actual))
    }

    async fn fetch(&self, to: &Connection, layer: &OciDescriptor) -> Result<Bytes, PullError> {
        let came = to.client.pull_blob_stream(&to.image, layer).await;
        let mut stream = came.map_err(|error| to.told(error))?.stream;
        // What the manifest says is within bounds.
        let size = u64::try_from(layer.size).unwrap_or_default();
        let mut bytes = BytesMut::new();
        while let Some(part) = stream.try_next().await.map_err(PullError::broken)? {
            bytes.extend_from_slice(&part);
            if bytes.len() as u64 > size {
                let what = format!("more than the {size} bytes that its manifest says came");
                return Err(PullError::Answer(what));
            }
        }
        let bytes = bytes.freeze();
        let digest = verified(&bytes, &layer.digest)?;
        self.keep(&digest, &bytes).await;
        Ok(bytes)
    }

    async fn kept(&self, digest: &str, bytes_max: u64) -> Option<Bytes> {
        let (store, digest) = (self.store.clone()?, digest.to_owned());
        let read = tokio::task::spawn_blocking(move || store.get(&digest, bytes_max));
        read.await.ok().flatten()
    }

    async fn keep(&self, digest: &str, bytes: &Bytes) {
        let Some(store) = self.store.clone() else { return };
        let (digest, bytes) = (digest.to_owned(), bytes.clone());
        // What is not kept was logged, and is fetched again.
        let _ = tokio::task::spawn_blocking(move || store.put(&digest, &bytes)).await;
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, PullError>>,
) -> Result<T, PullError> {
    let late = || PullError::Unreachable(format!("it was not done within {limit:?}"));
    timeout(limit, work).await.map_err(|_| late())?
}

/// The digest of `bytes`, which is the expected one if that is any.
fn verified(bytes: &[u8], expected: &str) -> Result<String, PullError> {
    let actual = digest(bytes);
    match expected.is_empty() || expected == actual {
        true => Ok(actual),
        false => Err(PullError::OtherDigest { expected: shown(expected), actual }),
    }
}
