//! From what a guest returned to answers that may be believed. Every position, count and text is
//! checked; the contract's short forms become full columns.

use bytes::Bytes;
use millstream_message::{Answers, Column, HeaderColumns, Outcome, Outgoing};

use super::batch::{BatchResult, ColumnResult, HeaderColumnsResult, OutcomeResult, OutgoingResult};
use super::{ALLOWANCE_PER_MESSAGE, Fault, HEADER_OVERHEAD, MESSAGE_OVERHEAD, OutputMax};

pub(super) fn decode(
    result: BatchResult,
    messages: usize,
    output: OutputMax,
) -> Result<Answers, Fault> {
    // First, since what follows allocates by the counts that the guest claims.
    if last(&result.outgoing.starts) as u64 > output.messages {
        return Err(Fault::TooMany);
    }
    if result.bytes() > output.bytes.saturating_add(messages as u64 * ALLOWANCE_PER_MESSAGE) {
        return Err(Fault::TooLarge);
    }
    let answers = Answers {
        outcomes: result.outcomes.into_iter().map(outcome).collect(),
        reasons: text("reasons", result.reasons, messages)?,
        retry_delays_ms: result.retry_delays_ms,
        outgoing: outgoing(result.outgoing)?,
    };
    answers.check(messages).map_err(|error| Fault::Invalid(error.to_string()))?;
    Ok(answers)
}

fn outcome(outcome: OutcomeResult) -> Outcome {
    match outcome {
        OutcomeResult::Ok => Outcome::Ok,
        OutcomeResult::Retry => Outcome::Retry,
        OutcomeResult::Reject => Outcome::Reject,
    }
}

fn outgoing(found: OutgoingResult) -> Result<Outgoing, Fault> {
    let messages = last(&found.starts);
    let topics = text("outgoing.topics", found.topics, messages)?;
    Ok(Outgoing {
        topics: Some(topics).filter(|topics| !topics.data().is_empty()),
        keys: text("outgoing.keys", found.keys, messages)?,
        headers: headers(found.headers, messages)?,
        payloads: column("outgoing.payloads", found.payloads, messages)?,
        starts: found.starts,
        delays_ms: found.delays_ms,
    })
}

fn headers(found: HeaderColumnsResult, messages: usize) -> Result<HeaderColumns, Fault> {
    let HeaderColumnsResult { starts, mut names, values } = found;
    let count = last(&starts);
    names.data.make_ascii_lowercase();
    let names = text("outgoing.headers.names", names, count)?;
    let values = text("outgoing.headers.values", values, count)?;
    if starts.is_empty() {
        return Ok(HeaderColumns::empty(messages));
    }
    HeaderColumns::new(starts, names, values)
        .map_err(|error| Fault::Invalid(format!("outgoing.headers.starts: {error}")))
}

/// A column of `items` items; both lists empty stands for `items` empty ones.
fn column(part: &str, found: ColumnResult, items: usize) -> Result<Column, Fault> {
    if found.offsets.is_empty() && found.data.is_empty() {
        return Ok(Column::empty(items));
    }
    let column = Column::new(found.offsets, Bytes::from(found.data))
        .map_err(|error| Fault::Invalid(format!("{part}: {error}")))?;
    if column.len() != items {
        return Err(Fault::Invalid(format!(
            "{part} holds {} items, expected {items}",
            column.len()
        )));
    }
    Ok(column)
}

/// A column whose items are UTF-8, each by itself.
fn text(part: &str, found: ColumnResult, items: usize) -> Result<Column, Fault> {
    let column = column(part, found, items)?;
    if !column.data().is_ascii() {
        let bad = (0..items).find(|&i| std::str::from_utf8(column.get(i)).is_err());
        if let Some(i) = bad {
            return Err(Fault::Invalid(format!("{part}: item {i} is not UTF-8")));
        }
    }
    Ok(column)
}

/// How many items starts claim: the last of them.
fn last(starts: &[u32]) -> usize {
    starts.last().map_or(0, |&last| last as usize)
}

impl BatchResult {
    /// What the answer costs, by its data and by the counts it claims.
    fn bytes(&self) -> u64 {
        let out = &self.outgoing;
        let columns = [
            &self.reasons,
            &out.topics,
            &out.keys,
            &out.headers.names,
            &out.headers.values,
            &out.payloads,
        ];
        let data: u64 = columns.iter().map(|column| column.data.len() as u64).sum();
        data + last(&out.starts) as u64 * MESSAGE_OVERHEAD
            + last(&out.headers.starts) as u64 * HEADER_OVERHEAD
    }
}
