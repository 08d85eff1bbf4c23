//! What an apply finds and what it does, without the binary.

mod bed;
mod failures;
mod fixed;
mod settings;
mod sinks;
mod told;
