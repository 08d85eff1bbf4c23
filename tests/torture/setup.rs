//! What is tortured: a pipeline with everything that must survive.
//!
//! `entries` fan out to a file and to a plugin that retries, rejects and hands on in the order of
//! keys; what it hands on goes to a web hook. `invoices` set timers: a plugin writes three letters
//! about each, every one set off by a delayed message to its own topic. `lines` come from a file
//! that is read on after every crash. What plugins made is also kept by subscriptions that are
//! paused, so that it can be listed, exactly and in order, at the end.

use std::path::PathBuf;

use millstream_tests::{Project, plugin};

/// Where messages wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// Nothing survives: shows that the verifier sees it.
    Memory,
    /// With this `sync`.
    Journal(&'static str),
}

/// The subscriptions that stay paused until everything else has come to rest.
pub(crate) const LEDGERS: [&str; 2] = ["ledger", "letter-ledger"];

/// All subscriptions; all of them have dead letters.
pub(crate) const SUBSCRIPTIONS: [&str; 8] =
    ["book", "archive", "call", "ledger", "remind", "post", "letter-ledger", "keep"];

/// So that segments are begun, emptied and removed, checkpoints made, and payloads read back from
/// the disk all the time.
const SMALL: &str = "segment: 256KiB, memory_budget: 64KiB";

/// What is the same wherever messages wait.
const PIPELINE: &str = r#"
topics:
  entries:  { kind: event, max_message: 16KiB, dedup: { window: 12h, max_ids: 20_000_000 } }
  booked:   { kind: event, max_message: 16KiB }
  invoices: { kind: command, max_message: 16KiB, dedup: { window: 12h, max_ids: 20_000_000 } }
  letters:  { kind: event, max_message: 16KiB }
  lines:    { kind: command, max_message: 16KiB }
  dead:     { kind: dead_letter, max_message: 16KiB }
sources:
  feed: { file: { path: feed.ndjson, format: ndjson }, topic: lines }
subscriptions:
  # No `ack_deadline` passes while anything is waited for: a lease that nobody gives back is found.
  book:
    topic: entries
    plugin: accounts
    output: booked
    concurrency: 2
    ordering: key
    batch: { max_messages: 32 }
    retry: { max_attempts: 3, backoff: { initial: 1ms, max: 5ms } }
    ack_deadline: 10m
    dead_letter: dead
  archive:
    topic: entries
    sink: { file: { path: archive.ndjson, form: message } }
    ordering: key
    ack_deadline: 10m
    dead_letter: dead
  call:
    topic: booked
    sink: { http: { url: "${HOOK}", headers: { x-life: "${LIFE}" } } }
    ordering: key
    concurrency: 2
    batch: { max_messages: 16 }
    retry: { max_attempts: 10, backoff: { initial: 1ms, max: 5ms } }
    ack_deadline: 10m
    dead_letter: dead
  ledger:
    topic: booked
    sink: { file: { path: ledger.ndjson, form: message } }
    ack_deadline: 10m
    dead_letter: dead
  remind:
    topic: invoices
    plugin: reminders
    output: letters
    routes: [invoices]
    ack_deadline: 10m
    dead_letter: dead
  post:
    topic: letters
    sink: { file: { path: post.ndjson, form: message } }
    ack_deadline: 10m
    dead_letter: dead
  letter-ledger:
    topic: letters
    sink: { file: { path: letter-ledger.ndjson, form: message } }
    ack_deadline: 10m
    dead_letter: dead
  keep:
    topic: lines
    sink: { file: { path: keep.ndjson, form: message } }
    ack_deadline: 10m
    dead_letter: dead
"#;

/// Writes the pipeline file into the project.
pub(crate) fn pipeline(project: &Project, broker: Where) -> PathBuf {
    let broker = match broker {
        Where::Memory => String::new(),
        Where::Journal(sync) => {
            format!("broker: {{ journal: {{ path: data, sync: {sync}, {SMALL} }} }}\n")
        }
    };
    let (accounts, reminders) = (plugin("accounts"), plugin("reminders"));
    let plugins = format!(
        "plugins:\n  accounts: {{ source: {} }}\n  \
         reminders: {{ source: {}, config: {{ every_ms: 3, times: 3 }} }}",
        accounts.display(),
        reminders.display()
    );
    project.write("torture.yaml", format!("pipeline: torture\n{broker}{plugins}{PIPELINE}"))
}
