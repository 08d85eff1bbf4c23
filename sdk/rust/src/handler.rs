//! From one function to the export that the host calls.

use crate::bindings::{Batch, BatchResult, Outcome, OutgoingColumns};
use crate::column::ColumnBuilder;
use crate::failure::Failure;
use crate::message::Message;
use crate::outputs::{self, Outputs, milliseconds};
use crate::{log, panic};

/// Makes a plugin of one function. Once per crate, at module level.
///
/// - `handler!(f)` with `fn f(message: Message<'_>, out: &mut Outputs<'_>)`, returning `()` or
///   `Result<(), Failure>`.
/// - `handler!(f, config = Settings)` reads the plugin's `config` into `Settings` by serde; the
///   function is then `fn f(settings: &Settings, message, out)`, or a method with `&self`. A
///   configuration that does not fit the type is refused before the first message.
/// - `handler!(f, configure = g)` where more than reading is to be done: `g` takes what serde reads
///   and returns `Result<Settings, E>`; the error's text says why the configuration is refused.
///
/// A crate with this line can still `#![forbid(unsafe_code)]`.
#[macro_export]
macro_rules! handler {
    ($handle:path) => {
        $crate::__export! { |batch| $crate::__macro::handle(batch, $handle) }
    };
    ($handle:path, config = $settings:ty) => {
        $crate::handler!($handle, configure = $crate::__macro::accept::<$settings>);
    };
    ($handle:path, configure = $configure:path) => {
        $crate::__export! {
            |batch| $crate::__macro::handle_configured(batch, $handle, $configure),
            |config| $crate::__macro::configure(config, $configure)
        }
    };
}

/// Exports to the host what is compiled to Wasm; elsewhere only checks the types, so that a
/// plugin's tests run natively.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (|$batch:ident| $answer:expr $(, |$config:ident| $verdict:expr)?) => {
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            use $crate::__macro::{Batch, BatchResult};
            const _: fn(Batch) -> BatchResult = |$batch| $answer;
            $(const _: fn(&str) -> ::core::result::Result<(), ::std::string::String> = |$config| $verdict;)?
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::__macro::{Batch, BatchGuest, BatchResult, LifecycleGuest, batch, lifecycle};
            struct Plugin;
            impl BatchGuest for Plugin {
                fn handle($batch: Batch) -> BatchResult {
                    $answer
                }
            }
            batch::export_batch_handler!(Plugin with_types_in $crate::__macro::batch);
            $(
                impl LifecycleGuest for Plugin {
                    fn configure(config: ::std::string::String) -> ::core::result::Result<(), ::std::string::String> {
                        let $config = config.as_str();
                        $verdict
                    }
                }
                lifecycle::export_lifecycle!(Plugin with_types_in $crate::__macro::lifecycle);
            )?
        };
    };
}

/// What a handler may return: `()` or `Result<(), E>` with an error that becomes a [`Failure`].
pub trait Answer {
    /// Whether the message was handled.
    ///
    /// # Errors
    /// Why it was not.
    fn into_result(self) -> Result<(), Failure>;
}

impl Answer for () {
    fn into_result(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<E: Into<Failure>> Answer for Result<(), E> {
    fn into_result(self) -> Result<(), Failure> {
        self.map_err(Into::into)
    }
}

/// Handles a batch message by message.
pub fn handle<A: Answer>(
    batch: Batch,
    handle: impl Fn(Message<'_>, &mut Outputs<'_>) -> A,
) -> BatchResult {
    panic::report_to_log();
    let n = batch.attempts.len();
    let mut outputs = Outputs::new(&batch);
    let mut verdicts = Verdicts::with_capacity(n);
    for index in 0..n {
        log::at_message(index);
        let before = outputs.len();
        let result = handle(Message::new(&batch, index), &mut outputs).into_result();
        if result.is_err() {
            outputs.truncate(before);
        }
        verdicts.push(result, outputs.len());
    }
    log::at_no_message();
    let outgoing = outputs.finish();
    verdicts.build(
        outgoing.unwrap_or_else(|| outputs::whole(batch.keys, batch.headers, batch.payloads)),
    )
}

/// The answer, but for the outgoing messages themselves.
struct Verdicts {
    outcomes: Vec<Outcome>,
    reasons: ColumnBuilder,
    /// Empty while the backoff decides everywhere.
    retry_delays_ms: Vec<u32>,
    /// Where each message's outgoing ones begin; one more for where the last ones end.
    starts: Vec<u32>,
}

impl Verdicts {
    fn with_capacity(n: usize) -> Self {
        let mut starts = Vec::with_capacity(n + 1);
        starts.push(0);
        let outcomes = Vec::with_capacity(n);
        Self { outcomes, reasons: ColumnBuilder::default(), retry_delays_ms: Vec::new(), starts }
    }

    fn push(&mut self, result: Result<(), Failure>, outputs: usize) {
        self.starts.push(outputs as u32);
        self.reasons.push_empty(1);
        match result {
            Ok(()) => self.outcomes.push(Outcome::Ok),
            Err(failure) => self.push_failure(&failure),
        }
    }

    #[cold]
    fn push_failure(&mut self, failure: &Failure) {
        let one_line =
            failure.reason().bytes().map(|b| if b == b'\n' || b == b'\r' { b' ' } else { b });
        self.reasons.write_last(|data| data.extend(one_line));
        self.outcomes.push(match failure {
            Failure::Retry { .. } => Outcome::Retry,
            Failure::Reject { .. } => Outcome::Reject,
        });
        if let Failure::Retry { after: Some(wait), .. } = failure {
            self.retry_delays_ms.resize(self.outcomes.len() - 1, 0);
            // 0 would leave it to the backoff; 1 is at once.
            self.retry_delays_ms.push(milliseconds(*wait).max(1));
        }
    }

    fn build(mut self, outgoing: OutgoingColumns) -> BatchResult {
        let Self { outcomes, reasons, starts, .. } = self;
        if !self.retry_delays_ms.is_empty() {
            self.retry_delays_ms.resize(outcomes.len(), 0);
        }
        let outgoing = OutgoingColumns { starts, ..outgoing };
        BatchResult {
            outcomes,
            reasons: reasons.build(),
            retry_delays_ms: self.retry_delays_ms,
            outgoing,
        }
    }
}
