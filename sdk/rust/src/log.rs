//! Log records with fields. The host adds plugin, subscription and message by itself, limits rate
//! and size, and drops and counts what is over.
//!
//! ```
//! use millstream_sdk::log;
//!
//! let (carrier, delay) = ("UA", 95);
//! log::info!("late by {delay} minutes", carrier = carrier, delay = delay);
//! ```
//!
//! The text is a literal and takes `{variable}` as `format!` does; fields are `name = value` with
//! values that implement `Display`. Natively, records go to stderr, where `cargo test` shows them
//! with a failing test.

use std::cell::Cell;
use std::fmt::Display;

/// Writes a record with severity debug: what a developer wants while writing the plugin.
pub use crate::__debug as debug;
/// Writes a record with severity error: something an operator must look at.
pub use crate::__error as error;
/// Writes a record with severity info: normal events worth a line.
pub use crate::__info as info;
/// Writes a record with severity trace: every step.
pub use crate::__trace as trace;
/// Writes a record with severity warn: something an operator may want to look at.
pub use crate::__warn as warn;

/// Severity, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// What a developer wants while writing the plugin.
    Debug,
    /// Normal events worth a line.
    Info,
    /// Something an operator may want to look at.
    Warn,
    /// Something an operator must look at.
    Error,
}

thread_local! {
    /// Position in the batch of the message being handled.
    static INDEX: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Writes one record; the macros of this module end here. Never fails.
pub fn write(level: Level, text: &str, fields: &[(&str, &dyn Display)]) {
    let index = INDEX.get();
    let position = index.as_ref().map(|index| ("millstream-index", index as &dyn Display));
    let fields = fields.iter().copied().chain(position);
    sink(level, text, fields.map(|(name, value)| (name.to_owned(), value.to_string())));
}

/// From now on records belong to message `index` of the batch.
pub(crate) fn at_message(index: usize) {
    INDEX.set(Some(index));
}

/// From now on records belong to no message.
pub(crate) fn at_no_message() {
    INDEX.set(None);
}

#[cfg(target_arch = "wasm32")]
fn sink(level: Level, text: &str, fields: impl Iterator<Item = (String, String)>) {
    use crate::bindings::batch::millstream::plugin::logging;
    let level = match level {
        Level::Trace => logging::Level::Trace,
        Level::Debug => logging::Level::Debug,
        Level::Info => logging::Level::Info,
        Level::Warn => logging::Level::Warn,
        Level::Error => logging::Level::Error,
    };
    let fields: Vec<_> = fields.map(|(name, value)| logging::Field { name, value }).collect();
    logging::log(level, text, &fields);
}

#[cfg(not(target_arch = "wasm32"))]
fn sink(level: Level, text: &str, fields: impl Iterator<Item = (String, String)>) {
    let fields: String = fields.map(|(name, value)| format!(" {name}={value}")).collect();
    eprintln!("{level:?} {text}{fields}");
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &::std::format!($text),
            &[$((::core::stringify!($name), &$value as &dyn ::core::fmt::Display)),*],
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __trace { ($($record:tt)*) => { $crate::__log!(Trace, $($record)*) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __debug { ($($record:tt)*) => { $crate::__log!(Debug, $($record)*) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __info { ($($record:tt)*) => { $crate::__log!(Info, $($record)*) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __warn { ($($record:tt)*) => { $crate::__log!(Warn, $($record)*) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __error { ($($record:tt)*) => { $crate::__log!(Error, $($record)*) }; }
