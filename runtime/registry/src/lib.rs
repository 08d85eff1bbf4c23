//! Plugins from OCI registries: what a tag names, the component behind it, and a copy on disk of what was
//! fetched.
//!
//! [`Registries`] pulls what an `oci://` reference names, and resolves a tag without pulling. A pull
//! ends as [`Pulled`]: the component, and the reference pinned to the digest of its manifest. Whatever
//! is wrong is a [`PullError`], which says how to mend it. Bytes are believed by their digest only,
//! whether they came over the network or from the disk.
//!
//! Not here: what a component is and does (`plugin-host`), when a tag is looked at again (`cli`).

mod artifact;
mod connection;
mod credentials;
mod digest;
mod error;
mod registries;
mod store;

pub use error::PullError;
pub use registries::{Pulled, Registries, Settings};
