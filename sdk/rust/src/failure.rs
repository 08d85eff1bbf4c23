//! Why a message was not handled.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::time::Duration;

/// Why a message was not handled. Texts are for people, one line each; line breaks in them become
/// spaces on the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Possibly cured by waiting: a dependency is down, a lock is held. Counts toward the
    /// subscription's `max_attempts`.
    Retry {
        /// Shown in logs and, if attempts run out, in the dead letter.
        reason: Cow<'static, str>,
        /// Earliest next delivery from now; none: the subscription's backoff decides.
        after: Option<Duration>,
    },
    /// Never cured by waiting: malformed, invalid, unwanted. The message becomes a dead letter.
    Reject {
        /// Shown in the dead letter.
        reason: Cow<'static, str>,
    },
}

impl Failure {
    /// Asks for another delivery, when the subscription's backoff says.
    #[must_use]
    pub fn retry(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }

    /// Makes a dead letter of the message, now.
    #[must_use]
    pub fn reject(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Reject { reason: reason.into() }
    }

    /// Asks for the next delivery after `wait` (at most 49 days; zero is at once) instead of the
    /// subscription's backoff. A rejection stays as it is.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        if let Self::Retry { after, .. } = &mut self {
            *after = Some(wait);
        }
        self
    }

    /// What it says.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. } | Self::Reject { reason } => reason,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Failure {}

/// A payload that cannot be read is never cured by waiting.
impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => Self::reject(format!("unexpected JSON: {error}")),
            _ => Self::reject(format!("malformed JSON: {error}")),
        }
    }
}

impl From<std::str::Utf8Error> for Failure {
    fn from(error: std::str::Utf8Error) -> Self {
        Self::reject(format!("not UTF-8 at byte {}", error.valid_up_to()))
    }
}

/// Turns any error, or an absent value, into a [`Failure`]: `….or_reject("no customer")?`.
pub trait OrFail<T> {
    /// The value, or a rejection that says `what` and why.
    ///
    /// # Errors
    /// There is no value.
    fn or_reject(self, what: &str) -> Result<T, Failure>;

    /// The value, or a retry that says `what` and why.
    ///
    /// # Errors
    /// There is no value.
    fn or_retry(self, what: &str) -> Result<T, Failure>;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    fn or_reject(self, what: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::reject(format!("{what}: {error}")))
    }

    fn or_retry(self, what: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::retry(format!("{what}: {error}")))
    }
}

impl<T> OrFail<T> for Option<T> {
    fn or_reject(self, what: &str) -> Result<T, Failure> {
        self.ok_or_else(|| Failure::reject(what.to_owned()))
    }

    fn or_retry(self, what: &str) -> Result<T, Failure> {
        self.ok_or_else(|| Failure::retry(what.to_owned()))
    }
}
