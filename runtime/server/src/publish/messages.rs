//! From the body of a publish to messages.

use std::time::Duration;

use millstream_formats::{
    Defaults, DraftedBatch, Form, Intake, MessageLimits, Pointer, Reason, Refused, Stamp,
    parse_period,
};
use millstream_message::MessageId;
use millstream_pipeline::TopicPlan;
use millstream_queue::{NEVER, Publication, Terms};

use super::declared::Declared;
use crate::problem::Problem;

/// What is known of a request's messages before its body is read.
pub(super) struct Reader {
    form: Form,
    defaults: Defaults,
    limits: MessageLimits,
}

/// Where payloads hold what the request itself does not say: JSON pointers, as a source gives them.
#[derive(Clone, Copy, Default)]
pub(super) struct Pointers<'a> {
    pub(super) key_from: Option<&'a str>,
    pub(super) dedup_from: Option<&'a str>,
}

/// The messages of one request.
pub(super) struct Messages {
    /// In the order of the body.
    pub(super) ids: Vec<MessageId>,
    pub(super) publication: Publication,
    /// Whether any of them has a dedup id.
    pub(super) named: bool,
    /// Empty lines, which make no message.
    pub(super) skipped_empty: u64,
}

impl Reader {
    /// A reader for `topic`. `pointers` hold where the request itself says nothing.
    ///
    /// # Errors
    /// 400 for a `…-From` that is no JSON pointer, and a duration that is none.
    pub(super) fn new(
        form: Form,
        declared: Declared,
        pointers: Pointers<'_>,
        topic: &TopicPlan,
    ) -> Result<Self, Problem> {
        let Declared { key, key_from, dedup_id, dedup_from, delay, expires_in, headers } = declared;
        let payload_max = usize::try_from(topic.max_message).unwrap_or(usize::MAX);
        let key_from = key_from.as_deref().or(pointers.key_from.filter(|_| key.is_none()));
        let dedup_from = dedup_from.as_deref();
        let dedup_from = dedup_from.or(pointers.dedup_from.filter(|_| dedup_id.is_none()));
        let defaults = Defaults {
            key_from: pointer("Millstream-Key-From", key_from)?,
            dedup_from: pointer("Millstream-Dedup-From", dedup_from)?,
            delay: period("Millstream-Delay", delay.as_deref())?,
            expires_in: period("Millstream-Expires-In", expires_in.as_deref())?,
            key,
            dedup_id,
            headers,
        };
        let limits = MessageLimits { payload_max, ..MessageLimits::default() };
        Ok(Self { form, defaults, limits })
    }

    /// The messages of the whole body, published at the stamp's time.
    ///
    /// # Errors
    /// 400 or 413 for the first line that is refused; it is named where the body has lines.
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
        let drafted = intake.finish().map_err(refused)?.into_parts(stamp);
        let ids = drafted.batch.ids().to_vec();
        let named = !drafted.dedup.is_empty();
        let publication = publication(drafted, stamp.unix_ms);
        Ok(Messages { ids, publication, named, skipped_empty })
    }
}

/// Ages become times; none is for ever, which the topic may shorten.
fn publication(drafted: DraftedBatch, wall_ms: u64) -> Publication {
    let DraftedBatch { batch, dedup, delays_ms, expires_in_ms } = drafted;
    let at = |age: u64| if age == 0 { NEVER } else { wall_ms.saturating_add(age) };
    let expires_ms = expires_in_ms.into_iter().map(at).collect();
    Publication::on_terms(batch, &Terms { delays_ms, dedup, expires_ms }, wall_ms)
}

fn pointer(name: &str, text: Option<&str>) -> Result<Option<Pointer>, Problem> {
    let wrong = |error| Problem::malformed(format!("{name}: {error}"));
    text.map(str::parse).transpose().map_err(wrong)
}

fn period(name: &str, text: Option<&str>) -> Result<Option<Duration>, Problem> {
    let wrong = |error| Problem::malformed(format!("{name}: {error}"));
    text.map(str::trim).map(parse_period).transpose().map_err(wrong)
}

fn problem(refused: Refused, has_lines: bool) -> Problem {
    let detail = if has_lines { refused.to_string() } else { refused.reason.to_string() };
    let problem = match refused.reason {
        Reason::TooLarge(_) => Problem::too_large(detail),
        Reason::Malformed(_) => Problem::malformed(detail),
    };
    if has_lines { problem.at_line(refused.line) } else { problem }
}
