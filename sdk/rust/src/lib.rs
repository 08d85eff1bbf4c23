#![doc = include_str!("../README.md")]

mod bindings;
mod column;
mod configuration;
mod failure;
mod handler;
mod headers;
pub mod log;
mod message;
mod outputs;
mod panic;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use failure::{Failure, OrFail};
pub use handler::Answer;
pub use headers::Headers;
pub use message::Message;
pub use outputs::{Output, Outputs};

/// What [`handler!`] expands to needs; no part of the interface.
#[doc(hidden)]
pub mod __macro {
    pub use crate::bindings::batch::exports::millstream::plugin::batch_handler::Guest as BatchGuest;
    pub use crate::bindings::lifecycle::exports::millstream::plugin::lifecycle::Guest as LifecycleGuest;
    pub use crate::bindings::{Batch, BatchResult, batch, lifecycle};
    pub use crate::configuration::{accept, configure, handle_configured};
    pub use crate::handler::handle;
}

#[cfg(test)]
mod tests;
