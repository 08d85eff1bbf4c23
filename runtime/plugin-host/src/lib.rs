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
mod compile;
mod componentize;
mod contract;
mod digest;
mod engine;
mod failure;
mod guest;
mod host;
mod inspect;
mod instance;
mod limiter;
mod load;
mod logging;
mod plugin;
mod start;
mod stdio;
mod ticker;
mod wire;

pub use compile::{Compile, Compiler, compile};
pub use componentize::componentize;
pub use digest::Digest;
pub use failure::{CallFailure, FAILURE_BYTES_MAX, StartFailure};
pub use host::{Host, HostError, HostSettings};
pub use inspect::{Capability, Inspection, LoadError, World};
pub use instance::{Input, Instance};
pub use load::{Limits, PluginSettings};
pub use plugin::Plugin;
