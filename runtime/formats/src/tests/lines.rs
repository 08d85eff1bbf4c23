use proptest::prelude::*;

use crate::{Format, LineSplitter, Reason, Refused};

/// What became of a stream: payloads with their line numbers and refusals in order, then the
/// figures of the splitter.
#[derive(Debug, PartialEq)]
struct Split {
    lines: Vec<Result<(u64, Vec<u8>), Refused>>,
    skipped_empty: u64,
    ended: u64,
    offset: u64,
}

fn split<'a>(format: Format, line_max: usize, chunks: impl Iterator<Item = &'a [u8]>) -> Split {
    let mut splitter = LineSplitter::new(format, line_max);
    let mut lines = Vec::new();
    for mut chunk in chunks {
        while !chunk.is_empty() {
            if let Some(line) = splitter.next(&mut chunk) {
                lines.push(line.map(|line| (line.number, line.payload.to_vec())));
            }
        }
    }
    if let Some(line) = splitter.finish() {
        lines.push(line.map(|line| (line.number, line.payload.to_vec())));
    }
    let (skipped_empty, ended, offset) =
        (splitter.skipped_empty(), splitter.lines(), splitter.offset());
    Split { lines, skipped_empty, ended, offset }
}

fn payloads(format: Format, line_max: usize, text: &[u8]) -> Vec<Vec<u8>> {
    let split = split(format, line_max, std::iter::once(text));
    split.lines.into_iter().map(|line| line.unwrap().1).collect()
}

fn refusals(format: Format, line_max: usize, text: &[u8]) -> Vec<String> {
    let split = split(format, line_max, std::iter::once(text));
    split.lines.into_iter().filter_map(Result::err).map(|refused| refused.to_string()).collect()
}

#[test]
fn a_line_is_a_payload_byte_for_byte_without_its_end() {
    let found = payloads(Format::Lines, 100, b" a \r\n\xff\xfe\nb\rc\nlast");
    assert_eq!(found, [&b" a "[..], b"\xff\xfe", b"b\rc", b"last"]);
}

#[test]
fn a_lone_carriage_return_at_the_end_of_the_stream_is_no_line_end() {
    assert_eq!(payloads(Format::Lines, 100, b"a\r"), [b"a\r"]);
}

#[test]
fn empty_lines_are_skipped_and_counted_and_keep_their_numbers() {
    let split = split(Format::Lines, 100, [&b"\n\r"[..], b"\na\n\n"].into_iter());
    assert_eq!(split.lines, [Ok((3, b"a".to_vec()))]);
    assert_eq!((split.skipped_empty, split.ended, split.offset), (3, 4, 6));
}

#[test]
fn a_line_as_long_as_may_be_is_taken_whatever_its_end() {
    for text in [&b"abcd\n"[..], b"abcd\r\n", b"abcd"] {
        assert_eq!(payloads(Format::Lines, 4, text), [b"abcd"]);
    }
}

#[test]
fn a_longer_line_costs_only_itself() {
    let split = split(Format::Lines, 4, [&b"a\nabc"[..], b"de\nb\n"].into_iter());
    let [Ok(first), Err(refused), Ok(last)] = &split.lines[..] else { panic!("{split:?}") };
    assert_eq!((first, last), (&(1, b"a".to_vec()), &(3, b"b".to_vec())));
    assert_eq!(refused.line, 2);
    assert!(matches!(&refused.reason, Reason::TooLarge(text) if text.starts_with("5 bytes long")));
}

#[test]
fn a_line_that_is_too_long_is_not_held_in_memory() {
    let mut splitter = LineSplitter::new(Format::Lines, 10);
    for _ in 0..1000 {
        assert!(splitter.next(&mut &[b'x'; 1000][..]).is_none());
    }
    assert!(splitter.held() <= 11);
    let refused = splitter.finish().unwrap().unwrap_err();
    assert!(refused.to_string().starts_with("line 1: 1000000 bytes long"), "{refused}");
}

#[test]
fn ndjson_says_where_a_line_stops_being_json() {
    let text = b"{\"a\":1}\n{\"a\":}\n[1,\n{} {}\n\"\xff\"\n1e5";
    assert_eq!(
        refusals(Format::Ndjson, 100, text),
        [
            "line 2: not JSON: expected value at byte 6 of the line",
            "line 3: not JSON: EOF while parsing a value at byte 3 of the line",
            "line 4: not JSON: trailing characters at byte 4 of the line",
            "line 5: not JSON: invalid UTF-8 at byte 2 of the line",
        ]
    );
}

#[test]
fn a_json_document_nested_without_end_is_only_a_long_line() {
    let deep = [vec![b'['; 1 << 20], vec![b']'; 1 << 20]].concat();
    assert_eq!(payloads(Format::Ndjson, 2 << 20, &deep), [deep]);
}

/// Streams in which line ends, half line ends and long lines are common.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => Just(b'\n'), 2 => Just(b'\r'), 6 => b'0'..=b'9', 1 => any::<u8>()];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #[test]
    fn splitting_is_the_same_for_any_chunking(
        text in stream(),
        size in 1usize..20,
        json in any::<bool>(),
        line_max in 0usize..8,
    ) {
        let format = if json { Format::Ndjson } else { Format::Lines };
        let whole = split(format, line_max, std::iter::once(&text[..]));
        prop_assert_eq!(whole.offset, text.len() as u64);
        prop_assert_eq!(split(format, line_max, text.chunks(size)), whole);
    }

    #[test]
    fn every_line_is_a_payload_a_refusal_or_skipped(text in stream()) {
        let split = split(Format::Lines, 4, text.chunks(7));
        prop_assert_eq!(split.lines.len() as u64 + split.skipped_empty, split.ended);
        let expected: Vec<_> = text
            .split_inclusive(|&byte| byte == b'\n')
            .map(|line| match line.strip_suffix(b"\n") {
                Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
                None => line,
            })
            .filter(|line| !line.is_empty() && line.len() <= 4)
            .map(<[u8]>::to_vec)
            .collect();
        let found: Vec<_> = split.lines.into_iter().flatten().map(|(_, line)| line).collect();
        prop_assert_eq!(found, expected);
    }
}
