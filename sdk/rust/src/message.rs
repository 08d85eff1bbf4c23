//! One message, borrowed from the columns of its batch.

use serde::Deserialize;

use crate::bindings::Batch;
use crate::column::{item, text};
use crate::failure::Failure;
use crate::headers::Headers;

/// One delivery of one message: a view into the batch that the host sent. Copying it is free, and
/// what it returns lives as long as the batch, so values read from it need not be copied either.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    batch: &'a Batch,
    index: usize,
}

impl<'a> Message<'a> {
    pub(crate) fn new(batch: &'a Batch, index: usize) -> Self {
        Self { batch, index }
    }

    /// The body, uninterpreted. May be empty.
    #[must_use]
    pub fn payload(self) -> &'a [u8] {
        item(&self.batch.payloads, self.index)
    }

    /// The body as text.
    ///
    /// # Errors
    /// A rejection that names the first byte that is not UTF-8.
    pub fn text(self) -> Result<&'a str, Failure> {
        Ok(std::str::from_utf8(self.payload())?)
    }

    /// The body as JSON, read into a type that may borrow from it: a field `Cow<'a, str>` with
    /// `#[serde(borrow)]` is copied only where the JSON text has escapes.
    ///
    /// # Errors
    /// A rejection that says what is wrong, at which line and column.
    pub fn json<T: Deserialize<'a>>(self) -> Result<T, Failure> {
        Ok(serde_json::from_slice(self.payload())?)
    }

    /// Opaque, unique within the topic, the same in every delivery of this message: the value to
    /// use as an idempotency key towards other systems.
    #[must_use]
    pub fn id(self) -> &'a str {
        text(item(&self.batch.ids, self.index))
    }

    /// The topic the message was taken from.
    #[must_use]
    pub fn topic(self) -> &'a str {
        &self.batch.topic
    }

    /// The key, or none.
    #[must_use]
    pub fn key(self) -> Option<&'a str> {
        Some(text(item(&self.batch.keys, self.index))).filter(|key| !key.is_empty())
    }

    /// The headers in the order the producer set them; names are lower case.
    #[must_use]
    pub fn headers(self) -> Headers<'a> {
        Headers::of(&self.batch.headers, self.index)
    }

    /// The value of the first header called `name`, without regard to ASCII case.
    #[must_use]
    pub fn header(self, name: &str) -> Option<&'a str> {
        self.headers().find(name)
    }

    /// When the topic accepted the message: milliseconds since the Unix epoch.
    #[must_use]
    pub fn publish_time_ms(self) -> u64 {
        self.batch.publish_times_ms[self.index]
    }

    /// Which try this is: 1 plus the failures so far.
    #[must_use]
    pub fn attempt(self) -> u32 {
        self.batch.attempts[self.index]
    }

    pub(crate) fn is_of(self, batch: &Batch) -> bool {
        std::ptr::eq(self.batch, batch)
    }

    pub(crate) fn index(self) -> usize {
        self.index
    }
}
