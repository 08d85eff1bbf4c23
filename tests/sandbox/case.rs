//! What is expected of one hostile guest, and under which settings.

/// What a message says where it does not matter.
pub(crate) const PAYLOAD: &str = "\"hello\"";

/// How a guest is run and what the user sees of it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The end of the misbehaviour.
    pub(crate) seen: Seen,
    /// Further keys of the plugin, such as its grants.
    pub(crate) keys: String,
    /// What its messages say.
    pub(crate) payload: String,
}

/// What the user sees of a guest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen {
    /// `check` and `run` refuse it with a finding of this code, which says all of this.
    Finding(&'static str, &'static [&'static str]),
    /// Each of its messages ends as a dead letter whose error begins so, and says all of this.
    DeadLetter(&'static str, &'static [&'static str]),
    /// Its messages are handled, and the host's log says all of this.
    Handled(&'static [&'static str]),
    /// A message fails now and then; all are handled on another try.
    HandledAfterRetries,
    /// Its messages wait for another try.
    Waits,
}

impl Case {
    /// The same with further keys of the plugin.
    pub(crate) fn with(mut self, keys: &str) -> Self {
        self.keys = keys.to_owned();
        self
    }

    /// Whether time is what ends it.
    pub(crate) fn is_endless(&self) -> bool {
        match self.seen {
            Seen::DeadLetter(begins, _) => begins.starts_with("timeout"),
            Seen::Finding(_, says) => says.iter().any(|word| word.contains("timeout")),
            _ => false,
        }
    }

    /// The same with messages that say this.
    pub(crate) fn told(mut self, payload: &str) -> Self {
        self.payload = payload.to_owned();
        self
    }
}

impl From<Seen> for Case {
    fn from(seen: Seen) -> Self {
        Self { seen, keys: String::new(), payload: PAYLOAD.to_owned() }
    }
}
