//! `millstream:plugin/logging`: a guest's records become tracing events with target `plugin`.

use std::fmt::Write;
use std::sync::Arc;

use millstream_message::{Batch, MessageId};
use tracing::Level as TracingLevel;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, WasmList, WasmStr};

use crate::contract;
use crate::failure::truncate;
use crate::guest::Guest;

/// The target of every event that speaks for a plugin.
macro_rules! target {
    () => {
        "plugin"
    };
}

/// The field by which an SDK says which message of the batch a record is about.
const INDEX_FIELD: &str = "millstream-index";
/// One record's text: longer ones are cut.
const TEXT_BYTES_MAX: usize = 8 << 10;
/// Fields of one record: more are left out.
const FIELDS_MAX: usize = 32;
/// One field's name or value: longer ones are cut.
const FIELD_BYTES_MAX: usize = 1 << 10;
/// Records for each message of a call: a guest that logs in a loop must not bury the others.
const RECORDS_PER_MESSAGE_MAX: usize = 16;
/// Text of all records of a call together.
const CALL_BYTES_MAX: usize = 1 << 20;

/// Severity, as the contract names it.
#[derive(ComponentType, Lift, Clone, Copy, PartialEq, Eq)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "made by the engine, from the guest's number")]
enum Level {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

/// One name and its value, still in the guest's memory.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Field {
    name: WasmStr,
    value: WasmStr,
}

pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.instance(&contract::interface("logging"))?.func_wrap("log", log)
}

fn log(
    mut store: StoreContextMut<'_, Guest>,
    (level, text, fields): (Level, WasmStr, WasmList<Field>),
) -> wasmtime::Result<()> {
    // An error is kept for the dead letter even when nobody listens.
    if level != Level::Error && !enabled(level) {
        return Ok(());
    }
    let record = Record::read(&mut store, level, &text, &fields)?;
    store.data_mut().log.write(record);
    Ok(())
}

fn enabled(level: Level) -> bool {
    match level {
        Level::Trace => tracing::enabled!(target: target!(), TracingLevel::TRACE),
        Level::Debug => tracing::enabled!(target: target!(), TracingLevel::DEBUG),
        Level::Info => tracing::enabled!(target: target!(), TracingLevel::INFO),
        Level::Warn => tracing::enabled!(target: target!(), TracingLevel::WARN),
        Level::Error => tracing::enabled!(target: target!(), TracingLevel::ERROR),
    }
}

/// One record, bounded and copied out of the guest.
struct Record {
    level: Level,
    text: String,
    /// `name=value`, separated by blanks.
    fields: String,
    /// Position of its message in the batch, when the guest says so.
    index: Option<usize>,
}

impl Record {
    fn read(
        store: &mut StoreContextMut<'_, Guest>,
        level: Level,
        text: &WasmStr,
        fields: &WasmList<Field>,
    ) -> wasmtime::Result<Self> {
        let text = truncate(&text.to_str(&*store)?, TEXT_BYTES_MAX).to_owned();
        let mut record = Self { level, text, fields: String::new(), index: None };
        for i in 0..fields.len().min(FIELDS_MAX) {
            let Some(field) = fields.get(&mut *store, i).transpose()? else { break };
            let (name, value) = (field.name.to_str(&*store)?, field.value.to_str(&*store)?);
            record.push(&name, &value);
        }
        Ok(record)
    }

    fn push(&mut self, name: &str, value: &str) {
        if name == INDEX_FIELD {
            self.index = value.parse().ok();
            return;
        }
        let (name, value) = (truncate(name, FIELD_BYTES_MAX), truncate(value, FIELD_BYTES_MAX));
        let blank = if self.fields.is_empty() { "" } else { " " };
        let plain = !value.is_empty() && !value.contains([' ', '"', '=', '\n']);
        // Writing to a string cannot fail.
        let _ = match plain {
            true => write!(self.fields, "{blank}{name}={value}"),
            false => write!(self.fields, "{blank}{name}={value:?}"),
        };
    }

    fn len(&self) -> usize {
        self.text.len() + self.fields.len()
    }
}

/// The log of one instance: whose it is, what the running call is about, and what it may still
/// write.
pub(crate) struct Log {
    plugin: Arc<str>,
    subscription: Box<str>,
    /// The messages of the running call; none while starting.
    batch: Option<Batch>,
    /// The one message of the call, when it is about one.
    current: Option<usize>,
    records_left: usize,
    bytes_left: usize,
    dropped: u64,
    /// The last record of level `error` of the running call: the guest's own words for a trap
    /// that follows.
    last_error: Option<String>,
}

impl Log {
    pub(crate) fn new(plugin: &Arc<str>, subscription: &str) -> Self {
        Self {
            plugin: plugin.clone(),
            subscription: subscription.into(),
            batch: None,
            current: None,
            records_left: RECORDS_PER_MESSAGE_MAX,
            bytes_left: CALL_BYTES_MAX,
            dropped: 0,
            last_error: None,
        }
    }

    /// Begins a call about `batch`, or about its message `current` alone.
    pub(crate) fn begin(&mut self, batch: &Batch, current: Option<usize>) {
        let messages = if current.is_some() { 1 } else { batch.len() };
        self.batch = Some(batch.clone());
        self.current = current;
        self.records_left = RECORDS_PER_MESSAGE_MAX.saturating_mul(messages);
        self.bytes_left = CALL_BYTES_MAX;
        self.last_error = None;
    }

    /// Ends the call: reports what was dropped.
    pub(crate) fn end(&mut self) {
        self.batch = None;
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let Self { plugin, subscription, .. } = self;
            tracing::warn!(target: target!(), %plugin, %subscription, dropped, "log records dropped");
        }
    }

    /// The guest's words of the running call, if it logged an error.
    pub(crate) fn take_error(&mut self) -> Option<String> {
        self.last_error.take()
    }

    /// Writes what the guest put out on a standard stream.
    pub(crate) fn stream(&self, stream: &'static str, text: &str) {
        let Self { plugin, subscription, .. } = self;
        tracing::debug!(target: target!(), %plugin, %subscription, stream, "{text}");
    }

    fn write(&mut self, record: Record) {
        if self.records_left == 0 || record.len() > self.bytes_left {
            self.dropped += 1;
        } else {
            self.records_left -= 1;
            self.bytes_left -= record.len();
            self.emit(&record);
        }
        if record.level == Level::Error {
            self.last_error = Some(record.text);
        }
    }

    fn emit(&self, Record { level, text, fields, index }: &Record) {
        let Self { plugin, subscription, .. } = self;
        let message_id = self.message_id(*index).map(tracing::field::display);
        let fields = Some(fields.as_str()).filter(|fields| !fields.is_empty());
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    target: target!(), $level, %plugin, %subscription, message_id, fields, "{text}"
                )
            };
        }
        match level {
            Level::Trace => event!(TracingLevel::TRACE),
            Level::Debug => event!(TracingLevel::DEBUG),
            Level::Info => event!(TracingLevel::INFO),
            Level::Warn => event!(TracingLevel::WARN),
            Level::Error => event!(TracingLevel::ERROR),
        }
    }

    fn message_id(&self, index: Option<usize>) -> Option<MessageId> {
        self.batch.as_ref()?.ids().get(self.current.or(index)?).copied()
    }
}
