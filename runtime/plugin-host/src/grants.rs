//! What a pipeline lets a plugin do beyond computing.

use crate::capability::{Capability, Origin};

/// What a plugin may do beyond computing, logging and reading the clock. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Whom it may call by `wasi:http`.
    pub http: HttpGrant,
    /// Whether it may import `wasi:keyvalue`.
    pub keyvalue: bool,
}

/// Whom a plugin may call by `wasi:http`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HttpGrant {
    /// Nobody: the interface is not linked.
    #[default]
    None,
    /// These, and no others. With an empty list the interface is there and refuses every request.
    Origins(Vec<Origin>),
}

/// How far one instance reaches: less than its plugin's grants, never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whether http requests leave the host. Without, each is refused, and the guest told so.
    pub http: bool,
}

impl Default for Reach {
    /// As far as the grants.
    fn default() -> Self {
        Self { http: true }
    }
}

impl Grants {
    /// What a plugin's author tries it with: every interface is there, no request leaves the host.
    #[must_use]
    pub fn without_reach() -> Self {
        Self { http: HttpGrant::Origins(Vec::new()), keyvalue: true }
    }

    pub(crate) fn allow(&self, capability: Capability) -> bool {
        match capability {
            Capability::Http => self.http != HttpGrant::None,
            Capability::Keyvalue => self.keyvalue,
        }
    }
}
