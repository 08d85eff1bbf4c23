//! From the body of a publish to messages.

use millstream_formats::{Defaults, Form, Intake, MessageLimits, Pointer, Reason, Refused, Stamp};
use millstream_message::MessageId;
use millstream_pipeline::TopicPlan;
use millstream_queue::Publication;

use super::declared::Declared;
use super::delay;
use crate::problem::Problem;

/// What is known of a request's messages before its body is read.
pub(super) struct Reader {
    form: Form,
    defaults: Defaults,
    limits: MessageLimits,
    delay_ms: u32,
}

/// The messages of one request.
pub(super) struct Messages {
    /// In the order of the body.
    pub(super) ids: Vec<MessageId>,
    pub(super) publication: Publication,
    /// Empty lines, which make no message.
    pub(super) skipped_empty: u64,
}

impl Reader {
    /// A reader for `topic`. `key_from` holds where the request itself names no key.
    ///
    /// # Errors
    /// 400 for a `Millstream-Key-From` that is no JSON pointer, and a delay that is none.
    pub(super) fn new(
        form: Form,
        declared: Declared,
        key_from: Option<&str>,
        topic: &TopicPlan,
    ) -> Result<Self, Problem> {
        let Declared { key, key_from: own_key_from, delay, headers } = declared;
        let key_from = if key.is_some() { None } else { own_key_from.as_deref().or(key_from) };
        let key_from = key_from.map(str::parse::<Pointer>).transpose();
        let key_from = key_from.map_err(|error| Problem::malformed(format!("key: {error}")))?;
        let payload_max = usize::try_from(topic.max_message).unwrap_or(usize::MAX);
        Ok(Self {
            form,
            defaults: Defaults { key, key_from, headers },
            limits: MessageLimits { payload_max, ..MessageLimits::default() },
            delay_ms: delay.as_deref().map_or(Ok(0), delay::parse)?,
        })
    }

    /// The messages of the whole body, published at the stamp's time.
    ///
    /// # Errors
    /// 400, 413 or 501 for the first line that is refused; it is named where the body has lines.
    pub(super) fn read(self, body: &[u8], stamp: Stamp) -> Result<Messages, Problem> {
        let has_lines = self.form != Form::Whole;
        let mut intake = Intake::new(self.form, self.defaults, self.limits);
        let refused = |refused| problem(refused, has_lines);
        intake.feed(body).map_err(refused)?;
        // Ends the last line where the body does not, so that it is counted like the others.
        if has_lines && !body.is_empty() && !body.ends_with(b"\n") {
            intake.feed(b"\n").map_err(refused)?;
        }
        let skipped_empty = intake.skipped_empty();
        let batch = intake.finish().map_err(refused)?.into_batch(stamp);
        let ids = batch.ids().to_vec();
        let publication = match self.delay_ms {
            0 => Publication::now(batch),
            delay_ms => Publication::with_delays(batch, &vec![delay_ms; ids.len()], stamp.unix_ms),
        };
        Ok(Messages { ids, publication, skipped_empty })
    }
}

fn problem(refused: Refused, has_lines: bool) -> Problem {
    let detail = if has_lines { refused.to_string() } else { refused.reason.to_string() };
    let problem = match refused.reason {
        Reason::TooLarge(_) => Problem::too_large(detail),
        Reason::Malformed(_) => Problem::malformed(detail),
        Reason::Unavailable(_) => Problem::unavailable(detail),
    };
    if has_lines { problem.at_line(refused.line) } else { problem }
}
