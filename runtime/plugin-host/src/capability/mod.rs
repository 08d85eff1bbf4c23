//! What a plugin may do only when its pipeline grants it: one capability, one file or folder. What
//! is not granted is not linked, so there is nothing that a guest could find a way around.

mod http;
mod keyvalue;

use std::fmt;

use serde::{Deserialize, Serialize};
use wasmtime::component::Linker;

pub(crate) use http::{Http, Network, Outlet};
pub use http::{Origin, Outbound, Resolve, Resolver, Roots};

use crate::grants::Grants;
use crate::guest::Guest;

/// What a plugin may do only when the pipeline grants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capability {
    /// Requests to other systems: it imports `wasi:http`.
    Http,
    /// State of its own: it imports `wasi:keyvalue`.
    Keyvalue,
}

impl Capability {
    const ALL: [Self; 2] = [Self::Http, Self::Keyvalue];

    /// The capability that stands behind an import, if one does. `interface` is its name without
    /// the version.
    pub(crate) fn of(interface: &str, version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| match capability {
            Self::Http => http::offers(interface, version),
            Self::Keyvalue => keyvalue::offers(interface, version),
        })
    }

    /// What to write into a plugin's entry of the pipeline file.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Http => r#"grants: { http: ["https://HOST"] }"#,
            Self::Keyvalue => "grants: { keyvalue: true }",
        }
    }

    fn link(self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        match self {
            Self::Http => http::link(linker),
            Self::Keyvalue => keyvalue::link(linker),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Keyvalue => "keyvalue",
        })
    }
}

/// `everyone`, what every guest may import, and what is granted.
pub(crate) fn linker(everyone: &Linker<Guest>, grants: &Grants) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = everyone.clone();
    for capability in Capability::ALL.into_iter().filter(|capability| grants.allow(*capability)) {
        capability.link(&mut linker)?;
    }
    Ok(linker)
}
