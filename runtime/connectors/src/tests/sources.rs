use std::fs;
use std::future::Future;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use millstream_formats::{Format, MessageLimits, dedup_hash};
use tempfile::TempDir;

use crate::line_source::LineSource;
use crate::source::{ChunkLimits, LineRules, Source};
use crate::{Chunk, FileSource, FileSourceRules, IfChanged, SourceError};

const LIMITS: ChunkLimits = ChunkLimits { messages_max: 256, bytes_max: 1 << 20 };

fn rules(format: Format) -> LineRules {
    let key_from = Some("/k".parse().unwrap());
    LineRules { format, key_from, dedup_from: None, limits: MessageLimits::default() }
}

fn open(path: &Path, lines: LineRules) -> Result<FileSource, SourceError> {
    FileSource::open(FileSourceRules { path: path.into(), lines, if_changed: IfChanged::Refuse })
}

fn file(text: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("in.ndjson");
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// What all chunks of a source hold together.
#[derive(Debug, Default, PartialEq)]
struct All {
    messages: Vec<(String, Vec<u8>)>,
    refused: Vec<String>,
    skipped_empty: u64,
}

impl All {
    fn add(&mut self, chunk: &Chunk) {
        let key = |i| String::from_utf8(chunk.keys.get(i).to_vec()).unwrap();
        let message = |i| (key(i), chunk.payloads.get(i).to_vec());
        self.messages.extend((0..chunk.payloads.len()).map(message));
        self.refused.extend(chunk.refused.iter().map(ToString::to_string));
        self.skipped_empty += chunk.skipped_empty;
    }

    async fn of(path: &Path, format: Format) -> Self {
        let mut source = open(path, rules(format)).unwrap();
        let mut all = Self::default();
        while let Some(chunk) = source.next(LIMITS).await.unwrap() {
            all.add(&chunk);
        }
        assert!(source.next(LIMITS).await.unwrap().is_none(), "it ended and stays ended");
        all
    }

    fn payloads(&self) -> Vec<&[u8]> {
        self.messages.iter().map(|(_, payload)| &payload[..]).collect()
    }
}

#[tokio::test]
async fn each_line_is_a_message_with_the_key_from_its_payload() {
    let (_folder, path) = file(b"{\"k\":\"a\"}\r\n{\"k\":7}\n{\"x\":1}");
    let all = All::of(&path, Format::Ndjson).await;
    let keys: Vec<_> = all.messages.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["a", "7", ""]);
    assert_eq!(all.payloads(), [&b"{\"k\":\"a\"}"[..], b"{\"k\":7}", b"{\"x\":1}"]);
}

#[tokio::test]
async fn dedup_ids_come_from_the_payload_where_a_rule_says_so() {
    let (_folder, path) = file(b"{\"k\":\"a\"}\n{\"k\":7}\n{\"x\":1}\nnot json\n");
    let chunk = async |rules| open(&path, rules).unwrap().next(LIMITS).await.unwrap();
    let without = chunk(rules(Format::Lines)).await.unwrap();
    assert!(without.dedup.is_empty() && without.headers.is_none());
    let dedup_from = Some("/k".parse().unwrap());
    let with = chunk(LineRules { dedup_from, ..rules(Format::Lines) }).await.unwrap();
    assert_eq!(with.dedup, [dedup_hash("a"), dedup_hash("7"), 0, 0]);
}

/// Malformed JSON, an empty line, a line of 2 MiB and invalid UTF-8 among good lines.
fn mixed() -> Vec<u8> {
    let long = [b"\"".to_vec(), vec![b'x'; 2 << 20], b"\"".to_vec()].concat();
    [&b"{\"k\":\"a\"}"[..], b"{oops", b"", &long, b"\"\xff\"", b"{\"k\":\"b\"}", b""].join(&b'\n')
}

#[tokio::test]
async fn bad_lines_under_ndjson_are_reported_and_the_rest_goes_on() {
    let (_folder, path) = file(&mixed());
    let all = All::of(&path, Format::Ndjson).await;
    assert_eq!(all.payloads(), [b"{\"k\":\"a\"}", b"{\"k\":\"b\"}"]);
    let starts = [
        "line 2: not JSON: key must",
        "line 4: 2097154 bytes long",
        "line 5: not JSON: invalid UTF-8",
    ];
    assert_eq!(all.refused.len(), starts.len());
    for (refused, start) in all.refused.iter().zip(starts) {
        assert!(refused.starts_with(start), "{refused}");
    }
    assert_eq!(all.skipped_empty, 1);
}

#[tokio::test]
async fn under_lines_only_the_long_line_is_bad() {
    let (_folder, path) = file(&mixed());
    let all = All::of(&path, Format::Lines).await;
    assert_eq!(all.payloads(), [&b"{\"k\":\"a\"}"[..], b"{oops", b"\"\xff\"", b"{\"k\":\"b\"}"]);
    assert_eq!((all.refused.len(), all.skipped_empty), (1, 1));
}

#[tokio::test]
async fn a_key_over_its_limit_refuses_its_line_alone() {
    let long = format!("{{\"k\":\"{}\"}}\n{{\"k\":\"a\"}}", "x".repeat(65 << 10));
    let (_folder, path) = file(long.as_bytes());
    let all = All::of(&path, Format::Ndjson).await;
    assert_eq!(all.messages.len(), 1);
    assert!(all.refused[0].starts_with("line 1: key and headers of 66560 bytes"), "{all:?}");
}

#[tokio::test]
async fn empty_lines_alone_are_told_in_one_chunk_of_no_messages() {
    let (_folder, path) = file(b"\n\r\n\n");
    assert_eq!(All::of(&path, Format::Lines).await, All { skipped_empty: 3, ..All::default() });
    let (_folder, path) = file(b"");
    assert_eq!(All::of(&path, Format::Lines).await, All::default());
}

#[tokio::test]
async fn a_file_of_many_blocks_loses_nothing() {
    let lines: Vec<String> =
        (0..50_000).map(|i| format!("{{\"k\":{i},\"n\":\"{i:010}\"}}")).collect();
    let (_folder, path) = file(lines.join("\n").as_bytes());
    let all = All::of(&path, Format::Ndjson).await;
    assert!(all.payloads().iter().copied().eq(lines.iter().map(String::as_bytes)));
}

#[tokio::test]
async fn a_chunk_keeps_to_its_limits() {
    let (_folder, path) = file(b"aa\nbb\n\ncc\ndd");
    let mut source = open(&path, rules(Format::Lines)).unwrap();
    let two = ChunkLimits { messages_max: 2, bytes_max: 1 << 20 };
    let tiny = ChunkLimits { messages_max: 9, bytes_max: 1 };
    for (limits, messages) in [(two, 2), (tiny, 1), (tiny, 1)] {
        let chunk = source.next(limits).await.unwrap().unwrap();
        assert_eq!(chunk.payloads.len(), messages);
    }
}

#[test]
fn what_cannot_be_read_is_found_when_it_is_opened() {
    let (folder, path) = file(b"");
    let error = |path: &Path| match open(path, rules(Format::Lines)) {
        Ok(_) => panic!("opened {}", path.display()),
        Err(error) => error.to_string(),
    };
    let missing = folder.path().join("missing");
    let expected = format!("cannot read {}: there is no such file", missing.display());
    assert_eq!(error(&missing), expected);
    assert!(error(folder.path()).ends_with("it is a folder, name a file in it"));
    assert!(error(&path.join("under")).ends_with("a part of its path is not a folder"));
}

/// A source over a pipe, as stdin may be one.
fn piped() -> (LineSource, io::PipeWriter) {
    let (reader, writer) = io::pipe().unwrap();
    (LineSource::new("stdin".to_owned(), Box::new(reader), rules(Format::Lines)), writer)
}

#[tokio::test]
async fn a_line_is_given_as_soon_as_it_is_there() {
    let (mut source, mut writer) = piped();
    writer.write_all(b"first\nsec").unwrap();
    let chunk = source.next(LIMITS).await.unwrap().unwrap();
    assert_eq!((chunk.payloads.len(), chunk.payloads.get(0)), (1, &b"first"[..]));
    writer.write_all(b"ond\n").unwrap();
    assert_eq!(source.next(LIMITS).await.unwrap().unwrap().payloads.get(0), b"second");
    drop(writer);
    assert!(source.next(LIMITS).await.unwrap().is_none());
}

#[tokio::test]
async fn a_dropped_call_loses_nothing() {
    let (mut source, mut writer) = piped();
    writer.write_all(b"hal").unwrap();
    for part in [&b"f"[..], b" a", b" line\n"] {
        let waits = pin!(source.next(LIMITS)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(waits, Poll::Pending));
        writer.write_all(part).unwrap();
    }
    assert_eq!(source.next(LIMITS).await.unwrap().unwrap().payloads.get(0), b"half a line");
}

#[test]
fn a_silent_writer_does_not_keep_the_runtime_from_ending() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut source, _writer) = piped();
    runtime.block_on(async {
        let waits = pin!(source.next(LIMITS)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(waits, Poll::Pending));
    });
    drop(runtime);
}

/// Gives its parts, then fails.
struct Failing(Vec<&'static [u8]>);

impl Read for Failing {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let Some(part) = self.0.pop() else { return Err(io::Error::other("the disk is gone")) };
        block[..part.len()].copy_from_slice(part);
        Ok(part.len())
    }
}

#[tokio::test]
async fn a_source_that_breaks_off_says_where_and_gives_no_half_line() {
    let input = Box::new(Failing(vec![b"a\n\nhalf"]));
    let mut source = LineSource::new("in".to_owned(), input, rules(Format::Lines));
    assert_eq!(source.next(LIMITS).await.unwrap().unwrap().payloads.len(), 1);
    let error = source.next(LIMITS).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot read in behind line 2: the disk is gone");
    assert!(source.next(LIMITS).await.unwrap().is_none());
}
