//! Returns an answer that breaks the contract in the way the payload names.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use millstream::plugin::batch_types::{Column, HeaderColumns, Outcome, OutgoingColumns};

struct Lie;

impl Guest for Lie {
    fn handle(batch: Batch) -> BatchResult {
        let lie = String::from_utf8(batch.payloads.data).unwrap();
        let mut answer = BatchResult {
            outcomes: vec![Outcome::Ok; batch.attempts.len()],
            outgoing: OutgoingColumns {
                starts: vec![0, 2],
                payloads: column(&[0, 1, 2], b"ab"),
                ..Default::default()
            },
            ..Default::default()
        };
        let out = &mut answer.outgoing;
        match lie.as_str() {
            "outcomes short" => answer.outcomes = vec![],
            "reasons long" => answer.reasons = column(&[0, 0, 0], b""),
            "reason not UTF-8" => answer.reasons = column(&[0, 1], b"\xff"),
            "retry delays long" => answer.retry_delays_ms = vec![1, 2],
            "starts long" => out.starts = vec![0, 2, 2],
            "starts decreasing" => out.starts = vec![2, 0],
            "starts missing" => out.starts = vec![],
            "offsets decreasing" => out.payloads = column(&[0, 2, 1, 2], b"ab"),
            "offsets from 1" => out.payloads = column(&[1, 1, 2], b"ab"),
            "offsets past the end" => out.payloads = column(&[0, 1, 9], b"ab"),
            "offsets before the end" => out.payloads = column(&[0, 1, 1], b"ab"),
            "offsets missing" => out.payloads = column(&[], b"ab"),
            "payloads few" => out.payloads = column(&[0, 2], b"ab"),
            "keys few" => out.keys = column(&[0, 2], b"ab"),
            "key not UTF-8" => out.keys = column(&[0, 1, 2], b"a\xff"),
            "key cut in a character" => out.keys = column(&[0, 1, 2], "é".as_bytes()),
            "topic not UTF-8" => out.topics = column(&[0, 1, 2], b"\xffa"),
            "delays few" => out.delays_ms = vec![1],
            "header starts few" => out.headers = headers(&[0, 1], b"a", b"b"),
            "header starts decreasing" => out.headers = headers(&[0, 2, 1], b"a", b"b"),
            "header name not UTF-8" => out.headers = headers(&[0, 1, 1], b"\xff", b"b"),
            "header value not UTF-8" => out.headers = headers(&[0, 1, 1], b"a", b"\xff"),
            "headers without starts" => out.headers = headers(&[], b"a", b"b"),
            "a billion messages" => {
                out.starts = vec![0, 1_000_000_000];
                out.payloads = Column::default();
            }
            "a billion headers" => out.headers = headers(&[0, 0, 1_000_000_000], b"", b""),
            _ => {}
        }
        answer
    }
}

fn column(offsets: &[u32], data: &[u8]) -> Column {
    Column { offsets: offsets.to_vec(), data: data.to_vec() }
}

/// One header, or none where `name` is empty.
fn headers(starts: &[u32], name: &[u8], value: &[u8]) -> HeaderColumns {
    let one = |data: &[u8]| match data {
        [] => Column::default(),
        _ => column(&[0, data.len() as u32], data),
    };
    HeaderColumns { starts: starts.to_vec(), names: one(name), values: one(value) }
}

export!(Lie);
