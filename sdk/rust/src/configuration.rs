//! The plugin's `config`, read once into a type of its own.

use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Display;

use serde::de::DeserializeOwned;

use crate::bindings::{Batch, BatchResult};
use crate::handler::{Answer, handle};
use crate::message::Message;
use crate::outputs::Outputs;
use crate::panic;

thread_local! {
    /// The settings of this instance: the host configures it once, before its first message.
    static SETTINGS: Cell<Option<&'static dyn Any>> = const { Cell::new(None) };
}

/// Reads and checks the configuration and keeps the settings for the life of the instance.
pub fn configure<D, S, E>(config: &str, check: impl Fn(D) -> Result<S, E>) -> Result<(), String>
where
    D: DeserializeOwned,
    S: 'static,
    E: Display,
{
    panic::report_to_log();
    let settings: &'static S = Box::leak(Box::new(settings(config, check)?));
    SETTINGS.set(Some(settings));
    Ok(())
}

/// The settings that `config`, a JSON object, stands for.
pub(crate) fn settings<D, S, E>(
    config: &str,
    check: impl Fn(D) -> Result<S, E>,
) -> Result<S, String>
where
    D: DeserializeOwned,
    E: Display,
{
    // By way of a value: line and column of this JSON would point nowhere in the pipeline file.
    let value: serde_json::Value =
        serde_json::from_str(config).map_err(|error| format!("not JSON: {error}"))?;
    let declared = serde_path_to_error::deserialize(value).map_err(|error| located(&error))?;
    check(declared).map_err(|error| error.to_string())
}

/// The error with the setting it is about, unless it is about the whole.
fn located(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    match error.path().iter().next() {
        Some(_) => error.to_string(),
        None => error.inner().to_string(),
    }
}

/// Handles a batch by a function that also takes the settings. `_configure` only ties their type.
pub fn handle_configured<D, S: 'static, E, A: Answer>(
    batch: Batch,
    function: impl Fn(&S, Message<'_>, &mut Outputs<'_>) -> A,
    _configure: impl Fn(D) -> Result<S, E>,
) -> BatchResult {
    #[expect(clippy::expect_used, reason = "the host configures every instance first")]
    let settings: &S = SETTINGS
        .get()
        .and_then(|settings| settings.downcast_ref())
        .expect("a message came before the configuration");
    handle(batch, |message, out| function(settings, message, out))
}

/// For settings that need no check beyond their type.
pub fn accept<S>(settings: S) -> Result<S, Infallible> {
    Ok(settings)
}
