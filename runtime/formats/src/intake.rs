//! From the bytes of one request to its messages: all or nothing.

use std::time::Duration;

use crate::drafts::Drafts;
use crate::envelope::Envelope;
use crate::limits::MessageLimits;
use crate::lines::{Format, LineSplitter};
use crate::pointer::Pointer;
use crate::refusal::{Reason, Refused};
use crate::terms::Terms;

/// Reads a body, fed in chunks, into messages; the first line that is refused ends it.
#[derive(Debug)]
pub struct Intake {
    body: Body,
    messages: Messages,
}

/// What a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One message: the body as it is.
    Whole,
    /// A message a line.
    Lines(Format),
    /// An [`Envelope`] a line.
    Envelopes,
}

/// What holds for every message of a request.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The key of messages that have none of their own.
    pub key: Option<String>,
    /// Where a payload holds its key; goes before `key`.
    pub key_from: Option<Pointer>,
    /// Headers of each message, before its own; names as [`crate::header_name`] gave them.
    pub headers: Vec<(String, String)>,
    /// The dedup id of messages that have none of their own: of a request of several messages,
    /// message `i` gets `<id>/<i>`.
    pub dedup_id: Option<String>,
    /// Where a payload holds its dedup id; goes before `dedup_id`.
    pub dedup_from: Option<Pointer>,
    /// The delay of messages that have none of their own.
    pub delay: Option<Duration>,
    /// When messages expire that do not say so themselves.
    pub expires_in: Option<Duration>,
}

#[derive(Debug)]
enum Body {
    Whole(Vec<u8>),
    Lines(LineSplitter),
    Envelopes(LineSplitter),
}

#[derive(Debug)]
struct Messages {
    limits: MessageLimits,
    defaults: Defaults,
    drafts: Drafts,
}

impl Intake {
    /// Reads a body of `form`.
    #[must_use]
    pub fn new(form: Form, defaults: Defaults, limits: MessageLimits) -> Self {
        let body = match form {
            Form::Whole => Body::Whole(Vec::new()),
            Form::Lines(format) => Body::Lines(LineSplitter::new(format, limits.payload_max)),
            // Whether an envelope is JSON is found when it is read.
            Form::Envelopes => {
                Body::Envelopes(LineSplitter::new(Format::Lines, limits.envelope_max()))
            }
        };
        Self { body, messages: Messages { limits, defaults, drafts: Drafts::new(limits) } }
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    /// What was refused; nothing of the body may be published then.
    pub fn feed(&mut self, mut chunk: &[u8]) -> Result<(), Refused> {
        let messages = &mut self.messages;
        match &mut self.body {
            Body::Whole(body) => messages.gather(body, chunk),
            Body::Lines(splitter) => {
                while let Some(line) = splitter.next(&mut chunk) {
                    let line = line?;
                    messages.add_payload(line.payload).map_err(at(line.number))?;
                }
                Ok(())
            }
            Body::Envelopes(splitter) => {
                while let Some(line) = splitter.next(&mut chunk) {
                    let line = line?;
                    messages.add_envelope(line.payload).map_err(at(line.number))?;
                }
                Ok(())
            }
        }
    }

    /// Empty lines skipped so far.
    #[must_use]
    pub fn skipped_empty(&self) -> u64 {
        match &self.body {
            Body::Whole(_) => 0,
            Body::Lines(splitter) | Body::Envelopes(splitter) => splitter.skipped_empty(),
        }
    }

    /// The messages of the whole body.
    ///
    /// # Errors
    /// As [`Intake::feed`].
    pub fn finish(mut self) -> Result<Drafts, Refused> {
        let messages = &mut self.messages;
        match &mut self.body {
            Body::Whole(body) => messages.add_payload(body).map_err(at(1))?,
            Body::Lines(splitter) => {
                if let Some(line) = splitter.finish().transpose()? {
                    messages.add_payload(line.payload).map_err(at(line.number))?;
                }
            }
            Body::Envelopes(splitter) => {
                if let Some(line) = splitter.finish().transpose()? {
                    messages.add_envelope(line.payload).map_err(at(line.number))?;
                }
            }
        }
        self.messages.finish().map_err(at(1))
    }
}

impl Messages {
    /// Appends `chunk` to the one message that the body is, as far as it may grow.
    fn gather(&self, body: &mut Vec<u8>, chunk: &[u8]) -> Result<(), Refused> {
        self.limits.check(body.len() + chunk.len(), 0).map_err(at(1))?;
        body.extend_from_slice(chunk);
        Ok(())
    }

    fn add_payload(&mut self, payload: &[u8]) -> Result<(), Reason> {
        self.add(None, &[], payload, Terms::default())
    }

    fn add_envelope(&mut self, line: &[u8]) -> Result<(), Reason> {
        let envelope = Envelope::parse(line)?;
        let (key, headers) = (envelope.key.as_deref(), &envelope.headers);
        self.add(key, headers, &envelope.payload, envelope.terms())
    }

    /// What a message says of itself goes first, then what is in its payload, then the request's.
    fn add(
        &mut self,
        own_key: Option<&str>,
        own: &[(String, String)],
        payload: &[u8],
        own_terms: Terms<'_>,
    ) -> Result<(), Reason> {
        let defaults = &self.defaults;
        let key_inside = Pointer::unless(own_key, defaults.key_from.as_ref(), payload);
        let key = own_key.or(key_inside.as_deref()).or(defaults.key.as_deref());
        let dedup_inside =
            Pointer::unless(own_terms.dedup_id, defaults.dedup_from.as_ref(), payload);
        let terms = Terms {
            dedup_id: own_terms.dedup_id.or(dedup_inside.as_deref()),
            delay: own_terms.delay.or(defaults.delay),
            expires_in: own_terms.expires_in.or(defaults.expires_in),
        };
        let headers = defaults.headers.iter().chain(own);
        self.drafts.push(key, headers.map(|(n, v)| (n.as_str(), v.as_str())), payload, terms)
    }

    /// Only now is known whether the request's dedup id is that of its one message.
    fn finish(mut self) -> Result<Drafts, Reason> {
        if let Some(id) = self.defaults.dedup_id.filter(|id| !id.is_empty()) {
            self.drafts.name_nameless(&id)?;
        }
        Ok(self.drafts)
    }
}

fn at(line: u64) -> impl Fn(Reason) -> Refused {
    move |reason| Refused { line, reason }
}
