//! What was published, and what the one who published it knows.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// What a web hook refuses.
pub(crate) const REFUSED_CENTS: u64 = 13;

/// Everything that was published since the last verification.
#[derive(Default)]
pub(crate) struct Book(Mutex<Pages>);

/// By topic, by number.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) entries: BTreeMap<u64, Published>,
    pub(crate) invoices: BTreeMap<u64, Published>,
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) fate: Fate,
    pub(crate) answer: Answer,
}

/// What one knows who published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 202, with this id.
    Accepted(String),
    /// The host died before it answered, and the request was not sent again: all of its messages
    /// were accepted, or none.
    Unknown { request: u64 },
}

/// What is to become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The plugin hands it on after `locked` retries, and the hook takes it.
    Handled { locked: u32 },
    /// The plugin hands it on, the hook refuses it.
    RefusedByHook,
    /// The plugin rejects it.
    Rejected,
    /// The plugin asks for retries until attempts run out.
    Exhausted,
}

/// A request: one topic, some messages by number and fate.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) messages: Vec<(u64, Fate)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Entries,
    Invoices,
}

impl Book {
    /// Notes the answer to a request. That there was none says nothing of one that was answered
    /// before.
    pub(crate) fn write(&self, request: &Request, answer: impl Fn(usize) -> Answer) {
        let mut pages = self.pages();
        let page = match request.kind {
            Kind::Entries => &mut pages.entries,
            Kind::Invoices => &mut pages.invoices,
        };
        for (i, &(number, fate)) in request.messages.iter().enumerate() {
            let published = Published { fate, answer: answer(i) };
            match published.answer {
                Answer::Accepted(_) => drop(page.insert(number, published)),
                Answer::Unknown { .. } => drop(page.entry(number).or_insert(published)),
            }
        }
    }

    /// All of it; the book is empty then.
    pub(crate) fn take(&self) -> Pages {
        std::mem::take(&mut *self.pages())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    pub(crate) fn topic(&self) -> &'static str {
        match self.kind {
            Kind::Entries => "entries",
            Kind::Invoices => "invoices",
        }
    }

    /// Where in the payload the dedup id is.
    pub(crate) fn dedup_from(&self) -> &'static str {
        match self.kind {
            Kind::Entries => "/entry",
            Kind::Invoices => "/invoice",
        }
    }

    /// One document a line.
    pub(crate) fn body(&self) -> String {
        let lines = self.messages.iter().map(|&(number, fate)| match self.kind {
            Kind::Entries => format!("{}\n", entry(&self.key, number, fate)),
            Kind::Invoices => format!("{}\n", json!({ "invoice": number.to_string() })),
        });
        lines.collect()
    }
}

/// As the plugin `accounts` reads it. It rejects cents that are a text.
fn entry(key: &str, number: u64, fate: Fate) -> Value {
    let (cents, locked) = match fate {
        Fate::Handled { locked } => (json!(1), locked),
        Fate::RefusedByHook => (json!(REFUSED_CENTS), 0),
        Fate::Rejected => (json!("many"), 0),
        Fate::Exhausted => (json!(1), u32::MAX),
    };
    json!({ "account": key, "entry": number, "cents": cents, "locked": locked })
}
