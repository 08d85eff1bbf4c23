//! What a batch is: the messages that were put in, however it is cut and joined.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use millstream_message::{
    Answers, BATCH_BYTES_MAX, Batch, BatchBuilder, BatchTooLarge, Column, ColumnError,
    HeaderColumns, Message, MessageId, OutputIds,
};
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq)]
struct Plain {
    id: MessageId,
    key: Option<String>,
    headers: Vec<(String, String)>,
    payload: Vec<u8>,
    published_at: u64,
}

fn plain() -> impl Strategy<Value = Plain> {
    let headers = proptest::collection::vec(("[a-z]{1,5}", "\\PC{0,8}"), 0..4);
    let key = proptest::option::of("\\PC{1,6}");
    (any::<[u8; 16]>(), key, headers, any::<Vec<u8>>(), any::<u64>()).prop_map(
        |(id, key, headers, payload, published_at)| Plain {
            id: MessageId::from_bytes(id),
            key,
            headers,
            payload,
            published_at,
        },
    )
}

fn batch(messages: &[Plain]) -> Batch {
    let mut builder = BatchBuilder::with_capacity(messages.len(), 0);
    for one in messages {
        let headers = one.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        builder.push(one.id, one.published_at, one.key.as_deref(), headers, &one.payload).unwrap();
    }
    builder.build()
}

fn read(message: Message<'_>) -> Plain {
    Plain {
        id: message.id(),
        key: message.key().map(str::to_owned),
        headers: message
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        payload: message.payload().to_vec(),
        published_at: message.published_at(),
    }
}

proptest! {
    #[test]
    fn a_batch_reads_as_it_was_built(messages in proptest::collection::vec(plain(), 0..12)) {
        let batch = batch(&messages);
        prop_assert_eq!(batch.iter().map(read).collect::<Vec<_>>(), messages);
    }

    #[test]
    fn slices_gathered_again_are_the_batch(
        messages in proptest::collection::vec(plain(), 1..12),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
    ) {
        let whole = batch(&messages);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len())).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let parts: Vec<Batch> = cuts.windows(2).map(|cut| whole.slice(cut[0]..cut[1])).collect();
        let bytes: usize = parts.iter().map(Batch::bytes).sum();
        prop_assert_eq!(bytes, whole.bytes());
        let again = Batch::gather(&parts).unwrap();
        prop_assert_eq!(again.iter().map(read).collect::<Vec<_>>(), messages);
    }

    #[test]
    fn a_slice_of_a_slice_is_a_slice(messages in proptest::collection::vec(plain(), 4..12)) {
        let whole = batch(&messages);
        let inner = whole.slice(1..whole.len()).slice(1..3);
        prop_assert_eq!(inner.iter().map(read).collect::<Vec<_>>(), &messages[2..4]);
        prop_assert_eq!(inner.copy_out().iter().map(read).collect::<Vec<_>>(), &messages[2..4]);
        let offsets: Vec<u32> = inner.payloads().rebased().collect();
        prop_assert_eq!(offsets[0], 0);
        prop_assert_eq!(*offsets.last().unwrap() as usize, inner.payloads().data().len());
    }
}

#[test]
fn a_copy_shares_no_memory_with_the_batch_it_came_from() {
    let big = Plain { payload: vec![0; 1 << 20], ..nothing() };
    let whole = batch(&[nothing(), big]);
    let small = whole.slice(0..1);
    assert!(small.resident_bytes() > 1 << 20);
    assert!(small.copy_out().resident_bytes() < 1 << 10);
}

#[test]
fn a_batch_has_a_bound() {
    let half = Plain { payload: vec![0; BATCH_BYTES_MAX / 2], ..nothing() };
    let one = batch(&[half]);
    assert_eq!(Batch::gather(&[one.clone(), one]).unwrap_err(), BatchTooLarge);
}

#[test]
fn offsets_that_do_not_fit_their_data_are_refused_with_their_place() {
    let column =
        |offsets: &[u32]| Column::new(offsets.to_vec(), Bytes::from_static(b"abc")).unwrap_err();
    assert_eq!(column(&[]), ColumnError::Start);
    assert_eq!(column(&[1, 3]), ColumnError::Start);
    assert_eq!(column(&[0, 2, 1, 3]), ColumnError::Decreasing(2));
    assert_eq!(column(&[0, 4]), ColumnError::End(4, 3));
    assert_eq!(column(&[0, 2]), ColumnError::End(2, 3));
}

#[test]
fn columns_of_different_lengths_are_no_batch() {
    let none = Batch::from_columns(
        vec![MessageId::published(0, 0)],
        vec![0, 0],
        Column::empty(1),
        HeaderColumns::empty(1),
        Column::empty(1),
    );
    assert!(none.is_none());
}

#[test]
fn answers_of_the_wrong_length_are_refused_by_part() {
    let mut answers = Answers::all_ok(2);
    assert!(answers.check(2).is_ok());
    assert_eq!(answers.check(3).unwrap_err().part, "outcomes");
    answers.retry_delays_ms = vec![1];
    assert_eq!(answers.check(2).unwrap_err().part, "retry-delays-ms");
    answers.retry_delays_ms.clear();
    answers.outgoing.payloads = Column::empty(1);
    assert_eq!(answers.check(2).unwrap_err().part, "outgoing.starts");
    answers.outgoing.starts = vec![0, 0, 1];
    assert_eq!(answers.check(2).unwrap_err().part, "outgoing.keys");
}

#[test]
fn ids_of_publishes_are_version_7_and_ascend_within_a_millisecond() {
    let ids: Vec<MessageId> =
        (0..100).map(|i| MessageId::published(1_700_000_000_000, 5_000 + i)).collect();
    assert!(ids.is_sorted());
    let text = ids[0].to_string();
    assert_eq!((text.len(), &text[..14], &text[14..15]), (36, "018bcfe5-6800-", "7"));
    assert_eq!(text.parse::<MessageId>().unwrap(), ids[0]);
    assert!("018bcfe5".parse::<MessageId>().is_err());
    let high = MessageId::published(1, u128::MAX >> 54);
    assert_eq!(high.to_string(), "00000000-0001-7fff-bfff-ffffffffffff");
}

#[test]
fn an_output_has_the_same_id_however_often_its_input_is_handled() {
    let input = MessageId::published(1, 2);
    let ids = OutputIds::new("orders", "fraud");
    assert_eq!(ids.id(&input, 0), OutputIds::new("orders", "fraud").id(&input, 0));
    let others = [
        ids.id(&input, 1),
        ids.id(&MessageId::published(1, 3), 0),
        OutputIds::new("orders", "audit").id(&input, 0),
        OutputIds::new("orde", "rsfraud").id(&input, 0),
    ];
    for other in others {
        assert_ne!(ids.id(&input, 0), other);
    }
    assert_eq!(&ids.id(&input, 0).to_string()[14..15], "8");
}

fn nothing() -> Plain {
    Plain {
        id: MessageId::published(0, 0),
        key: None,
        headers: vec![],
        payload: vec![],
        published_at: 0,
    }
}
