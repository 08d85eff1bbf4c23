//! What all instances of a plugin share: whom they may call, and how many connections they have.

use std::sync::Arc;

use http::{Method, Request};
use tokio::sync::Semaphore;

use super::network::Network;
use super::origin::Origin;

/// Connections of all instances of a plugin at a time; further requests wait within their
/// deadlines. Stops one plugin from taking the process's file descriptors.
const CONNECTIONS_MAX: usize = 64;

/// A plugin's way out.
pub(crate) struct Outlet {
    pub(super) plugin: Arc<str>,
    origins: Vec<Origin>,
    pub(super) network: Arc<Network>,
    pub(super) connections: Arc<Semaphore>,
    /// `limits.host_data`, for what a guest is told.
    pub(super) host_data_max: u64,
}

impl Outlet {
    pub(crate) fn new(
        plugin: &Arc<str>,
        origins: Vec<Origin>,
        network: &Arc<Network>,
        host_data_max: u64,
    ) -> Self {
        Self {
            plugin: plugin.clone(),
            origins,
            network: network.clone(),
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            host_data_max,
        }
    }

    /// Whether there is nobody to call.
    pub(super) fn reaches_nobody(&self) -> bool {
        self.origins.is_empty()
    }

    /// Whom the request is for, if the grant lists it. A tunnel is to nobody that could be listed.
    pub(super) fn admits<B>(&self, request: &Request<B>) -> Option<Origin> {
        let origin = Origin::of(request.uri())?;
        let listed = self.origins.contains(&origin) && *request.method() != Method::CONNECT;
        listed.then_some(origin)
    }
}
