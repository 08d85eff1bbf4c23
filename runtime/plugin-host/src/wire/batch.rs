//! The batch world: columns in, columns out.

use millstream_message::{Answers, Batch, ColumnSlice, MessageId};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::answer;
use super::{Fault, OutputMax};

/// A column on its way into a guest.
#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct ColumnParam<'a> {
    offsets: &'a [u32],
    data: &'a [u8],
}

/// Header columns on their way into a guest.
#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct HeaderColumnsParam<'a> {
    starts: &'a [u32],
    names: ColumnParam<'a>,
    values: ColumnParam<'a>,
}

/// A batch on its way into a guest.
#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct BatchParam<'a> {
    topic: &'a str,
    ids: ColumnParam<'a>,
    keys: ColumnParam<'a>,
    headers: HeaderColumnsParam<'a>,
    payloads: ColumnParam<'a>,
    #[component(name = "publish-times-ms")]
    publish_times_ms: &'a [u64],
    attempts: &'a [u32],
}

/// A column as a guest returned it: nothing about it is known to hold.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct ColumnResult {
    pub(super) offsets: Vec<u32>,
    pub(super) data: Vec<u8>,
}

/// Header columns as a guest returned them.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct HeaderColumnsResult {
    pub(super) starts: Vec<u32>,
    pub(super) names: ColumnResult,
    pub(super) values: ColumnResult,
}

/// Messages to publish as a guest returned them.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct OutgoingResult {
    pub(super) starts: Vec<u32>,
    pub(super) topics: ColumnResult,
    pub(super) keys: ColumnResult,
    pub(super) headers: HeaderColumnsResult,
    pub(super) payloads: ColumnResult,
    #[component(name = "delays-ms")]
    pub(super) delays_ms: Vec<u32>,
}

/// What a guest says became of a message.
#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[cfg_attr(
    not(any(test, feature = "fuzzing")),
    expect(dead_code, reason = "made by the engine, from the guest's number")
)]
pub(crate) enum OutcomeResult {
    #[component(name = "ok")]
    Ok,
    #[component(name = "retry")]
    Retry,
    #[component(name = "reject")]
    Reject,
}

/// The answer to a batch as a guest returned it.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct BatchResult {
    pub(super) outcomes: Vec<OutcomeResult>,
    pub(super) reasons: ColumnResult,
    #[component(name = "retry-delays-ms")]
    pub(super) retry_delays_ms: Vec<u32>,
    pub(super) outgoing: OutgoingResult,
}

/// The answers in `result` to `messages` messages, if it may be believed.
pub(crate) fn decode(
    result: BatchResult,
    messages: usize,
    output: OutputMax,
) -> Result<Answers, Fault> {
    answer::decode(result, messages, output)
}

/// Buffers for what a batch does not hold in the form a guest wants: kept between calls, so that
/// no call allocates for them.
#[derive(Default)]
pub(crate) struct Scratch {
    ids: Vec<u8>,
    id_offsets: Vec<u32>,
    header_starts: Vec<u32>,
    /// Offsets of a slice, one buffer each for keys, header names, header values and payloads.
    rebased: [Vec<u32>; 4],
}

impl Scratch {
    /// `batch` in the guest's form. Columns are borrowed as they are; only ids become text, and
    /// the offsets of a slice are counted from its own beginning.
    pub(crate) fn encode<'a>(
        &'a mut self,
        topic: &'a str,
        batch: &'a Batch,
        attempts: &'a [u32],
    ) -> BatchParam<'a> {
        let headers = batch.headers();
        self.header_starts.clear();
        self.header_starts.extend(headers.starts());
        self.write_ids(batch.ids());
        let [keys, names, values, payloads] = &mut self.rebased;
        BatchParam {
            topic,
            ids: ColumnParam { offsets: &self.id_offsets[..=batch.len()], data: &self.ids },
            keys: column(batch.keys(), keys),
            headers: HeaderColumnsParam {
                starts: &self.header_starts,
                names: column(headers.names(), names),
                values: column(headers.values(), values),
            },
            payloads: column(batch.payloads(), payloads),
            publish_times_ms: batch.published_at(),
            attempts,
        }
    }

    /// All ids as text, one after another; since they are all of one length, their offsets are
    /// the same in every call.
    fn write_ids(&mut self, ids: &[MessageId]) {
        const LEN: usize = MessageId::TEXT_LEN;
        self.ids.resize(ids.len() * LEN, 0);
        for (id, text) in ids.iter().zip(self.ids.as_chunks_mut::<LEN>().0) {
            id.encode(text);
        }
        let known = self.id_offsets.len();
        self.id_offsets.extend((known..=ids.len()).map(|i| (i * LEN) as u32));
    }
}

fn column<'a>(slice: ColumnSlice<'a>, rebased: &'a mut Vec<u32>) -> ColumnParam<'a> {
    if slice.offsets()[0] == 0 {
        return ColumnParam { offsets: slice.offsets(), data: slice.data() };
    }
    rebased.clear();
    rebased.extend(slice.rebased());
    ColumnParam { offsets: rebased, data: slice.data() }
}
