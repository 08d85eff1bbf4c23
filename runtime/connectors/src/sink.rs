//! What a sink is.

use async_trait::async_trait;
use millstream_message::{Answers, Batch};

use crate::error::SinkError;

/// Takes messages under the same delivery rules as a plugin.
#[async_trait]
pub trait Sink: Send {
    /// Hands `batch` over; answers one outcome for each of its messages.
    ///
    /// Dropping the future may leave the batch written although nobody learns of it: delivered
    /// again, it is written again (at least once).
    ///
    /// # Errors
    /// The sink took nothing of the batch, or says what it took: all of it is to be tried again.
    async fn deliver(&mut self, batch: &Batch) -> Result<Answers, SinkError>;
}
