//! Guests on a real engine: what they are given, what is believed of what they return, and what is
//! said when they fail.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod answers;
mod cache;
mod compiling;
mod echo;
mod failures;
mod grants;
mod http;
mod limits;
mod logs;
mod metrics;
mod not_a_plugin;
mod places;
mod recycling;
mod servers;
mod starts;
mod support;
mod turns;
