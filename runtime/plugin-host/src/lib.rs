//! Runs guest code: the only crate that names the Wasm engine.
//!
//! A [`Host`] owns the engine, its clock and the cache of compiled code. [`Host::inspect`] says what
//! a file is without compiling it, [`Host::load`] makes it a [`Plugin`], and each worker owns an
//! [`Instance`] of it. [`Instance::call`] hands over one batch and gives back checked
//! [`millstream_message::Answers`], or says why not ([`CallFailure`]).
//!
//! Not here: what follows a failure (the runner re-runs, the queue retries), where messages wait,
//! how plugins are built. This crate trusts nothing that comes out of a guest.

mod bound;
mod cache;
mod capability;
mod compile;
mod componentize;
mod contract;
mod digest;
mod embed;
mod engine;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod grants;
mod growth;
mod guest;
mod host;
mod host_data;
mod inert;
mod inspect;
mod instance;
mod limiter;
mod limits;
mod load;
mod log_pace;
mod logging;
mod meter;
mod metrics;
mod places;
mod plugin;
mod seat;
mod start;
mod stdio;
mod ticker;
mod turns;
mod wire;

pub use capability::{Capability, Origin, Outbound, Resolve, Resolver, Roots};
pub use compile::{ChildCompiler, Compiler, compile_in_child};
pub use componentize::componentize;
pub use digest::Digest;
pub use embed::embed_world;
pub use failure::{CallFailure, FAILURE_BYTES_MAX, StartFailure};
pub use grants::{Grants, HttpGrant, Reach};
pub use host::{Host, HostError, HostSettings};
pub use inspect::{Inspection, LoadError, World};
pub use instance::{Input, Instance};
pub use limits::{CompileLimits, Limits, LogRate};
pub use load::PluginSettings;
pub use metrics::Metrics;
pub use plugin::Plugin;
