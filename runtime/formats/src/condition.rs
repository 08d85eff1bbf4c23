//! Conditions over one message, in CEL: filters of subscriptions and `--where`.

mod checked;
mod environment;
mod error;
mod patience;
mod patterns;
mod payload;
mod variables;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelNull};
use cel::{Context, ExecutionError, Value};
use millstream_message::Message;

pub use error::ConditionError;
pub use payload::CONDITION_PAYLOAD_MAX;

use variables::Variables;

/// The longest text of a condition, in bytes: it comes over the network, and what it may cost to
/// read grows faster than its length.
pub const CONDITION_BYTES_MAX: usize = 4 << 10;

/// A [CEL](https://cel.dev) expression over one message, read once and cheap to clone.
///
/// | variable | is |
/// |---|---|
/// | `id` | the message's id; of a dead letter, the one it had where it failed |
/// | `topic` | the topic's name |
/// | `key` | the key, or null |
/// | `headers` | map of name (lower case) to value; the last value of a repeated name |
/// | `payload` | the payload as JSON; null where it is not JSON, larger than [`CONDITION_PAYLOAD_MAX`] or of more than 100,000 values |
/// | `text` | the payload as text; null where it is not UTF-8 |
/// | `size` | the payload's bytes |
/// | `published_at` | timestamp |
/// | `reason` `error` `subscription` `plugin` | of a dead letter, else null |
/// | `attempts` `deliveries` | of a dead letter, else 0 |
/// | `first_failed_at` `last_failed_at` | timestamps of a dead letter, else null |
///
/// What is not there matches nothing: a missing member (`payload.amount` of `{}`), an index past
/// the end of a list, or null where a value is needed (`key.startsWith("a")` without a key) makes
/// the whole condition false, unless `has(…)`, `||` or `?:` says otherwise.
///
/// What it may cost is bounded: its text, nesting and references to variables; loops (`all`,
/// `exists`, `exists_one`, `map`, `filter`) within loops two deep; the size of a pattern of
/// `matches`; and its loops end after a quarter of a second.
#[derive(Clone)]
pub struct Condition {
    text: Arc<str>,
    expression: Arc<IdedExpr>,
}

/// What a condition may know of a message beside the message itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The name of the topic that the message is in.
    pub topic: &'a str,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// The text is no CEL expression, passes a bound, names a variable or function that does not
    /// exist, or can give neither true nor false; the error says where.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let expression = Arc::new(checked::read(text)?);
        Ok(Self { text: text.into(), expression })
    }

    /// Whether `message` meets the condition.
    ///
    /// # Errors
    /// It asks for what CEL does not define (types that do not fit, a number too large, a division
    /// by zero), gives neither true nor false, or costs too much.
    pub fn matches(
        &self,
        message: Message<'_>,
        subject: &Subject<'_>,
    ) -> Result<bool, ConditionError> {
        let variables = Variables::new(message, *subject);
        let evaluate = AssertUnwindSafe(|| self.evaluate(&variables));
        let gone_wrong = |_| Err(ConditionError::new("it could not be evaluated"));
        catch_unwind(evaluate).unwrap_or_else(gone_wrong)
    }

    /// The condition as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn evaluate(&self, variables: &Variables<'_>) -> Result<bool, ConditionError> {
        let mut context = Context::with_env(environment::shared());
        context.set_variable_resolver(variables);
        patience::begin();
        let value = match Value::resolve_val(&self.expression, &context) {
            Ok(value) => value,
            Err(error) if is_absence(&error) => return Ok(false),
            Err(error) => return Err(ConditionError::evaluating(&error)),
        };
        if let Some(verdict) = value.downcast_ref::<CelBool>() {
            return Ok(*verdict.inner());
        }
        if value.downcast_ref::<CelNull>().is_some() {
            return Ok(false);
        }
        Err(ConditionError::not_boolean(value.get_type().name()))
    }
}

/// Whether the error says that something is not there.
fn is_absence(error: &ExecutionError) -> bool {
    let null = "null_type";
    match error {
        ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => true,
        ExecutionError::NoSuchOverload(overload) => {
            overload.argument_types().iter().any(|name| name == null)
        }
        ExecutionError::UnsupportedBinaryOperator(_, left, right) => {
            [left, right].contains(&&Value::Null)
        }
        ExecutionError::UnexpectedType { got, .. } => got == null,
        _ => false,
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.text).finish()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
