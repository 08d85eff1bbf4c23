//! `millstream:plugin/logging`: a guest's records become tracing events with target `plugin`.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use millstream_message::{Batch, MessageId};
use tracing::Level as TracingLevel;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, WasmList, WasmStr};

use crate::contract;
use crate::failure::truncate;
use crate::guest::Guest;
use crate::plugin::Version;

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
    // A record never fails a call, so that none is read once too much was handed over.
    if store.data().host_data.is_spent() {
        store.data_mut().log.dropped += 1;
        return Ok(());
    }
    let record = Record::read(&mut store, level, &text, &fields)?;
    store.data_mut().log.write(record);
    Ok(())
}

/// A text of the guest's, counted as handed over.
fn take<'a>(
    store: &'a StoreContextMut<'_, Guest>,
    text: &WasmStr,
) -> wasmtime::Result<Cow<'a, str>> {
    let text = text.to_str(store)?;
    // What is too much has been taken all the same: the next record finds nothing left.
    store.data().host_data.use_up(text.len());
    Ok(text)
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
        let text = truncate(&take(store, text)?, TEXT_BYTES_MAX).to_owned();
        let mut record = Self { level, text, fields: String::new(), index: None };
        for i in 0..fields.len().min(FIELDS_MAX) {
            let Some(field) = fields.get(&mut *store, i).transpose()? else { break };
            let (name, value) = (take(store, &field.name)?, take(store, &field.value)?);
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
        let name = one_line(name);
        let blank = if self.fields.is_empty() { "" } else { " " };
        let quoted = |c: char| c.is_control() || matches!(c, ' ' | '"' | '=');
        let plain = !value.is_empty() && !value.contains(quoted);
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

/// A guest's text as one line, so that it cannot write a line of its own into the log, nor steer
/// the terminal of whoever reads it.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let shown =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// The log of one instance: whose it is, what the running call is about, and what it may still
/// write.
pub(crate) struct Log {
    version: Arc<Version>,
    subscription: Box<str>,
    /// The messages of the running call; none while starting.
    batch: Option<Batch>,
    /// The one message of the call, when it is about one.
    current: Option<usize>,
    /// Bytes of text that the running call may still write.
    bytes_left: u64,
    /// Records of the running call that were not written.
    dropped: u64,
    /// The last record of level `error` of the running call: the guest's own words for a trap
    /// that follows.
    last_error: Option<String>,
}

impl Log {
    pub(crate) fn new(version: &Arc<Version>, subscription: &str) -> Self {
        Self {
            version: version.clone(),
            subscription: subscription.into(),
            batch: None,
            current: None,
            bytes_left: version.limits.log_bytes,
            dropped: 0,
            last_error: None,
        }
    }

    /// Begins a call about `batch`, or about its message `current` alone.
    pub(crate) fn begin(&mut self, batch: &Batch, current: Option<usize>) {
        self.batch = Some(batch.clone());
        self.current = current;
        self.bytes_left = self.version.limits.log_bytes;
        self.last_error = None;
    }

    /// Ends the call. Says how many records it dropped, and tells of them from time to time.
    pub(crate) fn end(&mut self) -> u64 {
        self.batch = None;
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0
            && let Some(dropped) = self.version.log_pace.dropped(dropped)
        {
            let (plugin, subscription) = (&self.version.names.plugin, &self.subscription);
            tracing::warn!(target: target!(), %plugin, %subscription, dropped, "log records dropped");
        }
        dropped
    }

    /// The guest's words of the running call, if it logged an error.
    pub(crate) fn take_error(&mut self) -> Option<String> {
        self.last_error.take()
    }

    /// Writes what the guest put out on a standard stream: a record like any other.
    pub(crate) fn stream(&mut self, stream: &'static str, text: &str) {
        if tracing::enabled!(target: target!(), TracingLevel::DEBUG) && self.allows(text.len()) {
            let (plugin, subscription) = (&self.version.names.plugin, &self.subscription);
            let text = one_line(text);
            tracing::debug!(target: target!(), %plugin, %subscription, stream, "{text}");
        }
    }

    fn write(&mut self, record: Record) {
        if self.allows(record.len()) {
            self.emit(&record);
        }
        if record.level == Level::Error {
            self.last_error = Some(record.text);
        }
    }

    /// Whether a record of so many bytes may be written; if not, counts it as dropped.
    fn allows(&mut self, bytes: usize) -> bool {
        let left = self.bytes_left.checked_sub(bytes as u64);
        let allows = left.is_some() && self.version.log_pace.allows();
        match left {
            Some(left) if allows => self.bytes_left = left,
            _ => self.dropped += 1,
        }
        allows
    }

    fn emit(&self, Record { level, text, fields, index }: &Record) {
        let (plugin, subscription) = (&self.version.names.plugin, &self.subscription);
        let message_id = self.message_id(*index).map(tracing::field::display);
        let fields = Some(fields.as_str()).filter(|fields| !fields.is_empty());
        let text = one_line(text);
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
