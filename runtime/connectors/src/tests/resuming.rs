//! A file source that goes on where another one was left.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use bytes::Bytes;
use millstream_formats::{Format, MessageLimits};
use tempfile::TempDir;

use crate::{ChunkLimits, FileSource, FileSourceRules, IfChanged, LineRules, Source, SourceError};

/// A file that grows, is cut and replaced between one reader and the next.
struct Log {
    folder: TempDir,
    path: PathBuf,
}

impl Log {
    fn of(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("in.txt");
        fs::write(&path, text).unwrap();
        Self { folder, path }
    }

    fn add(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).open(&self.path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Cuts it and writes it anew: the same inode.
    fn write_over(&self, text: &str) {
        fs::write(&self.path, text).unwrap();
    }

    /// Another file takes its name.
    fn replace(&self, text: &str) {
        let other = self.folder.path().join("other.txt");
        fs::write(&other, text).unwrap();
        fs::rename(other, &self.path).unwrap();
    }

    fn open(&self, format: Format, if_changed: IfChanged) -> FileSource {
        let limits = MessageLimits::default();
        let lines = LineRules { format, key_from: None, dedup_from: None, limits };
        FileSource::open(FileSourceRules { path: self.path.clone(), lines, if_changed }).unwrap()
    }

    /// The position behind the first `lines` lines.
    async fn left_behind(&self, lines: usize) -> Bytes {
        let mut source = self.open(Format::Lines, IfChanged::Refuse);
        let (mut read, mut at) = (0, None);
        while read < lines {
            let limits = ChunkLimits { messages_max: lines - read, bytes_max: 1 << 20 };
            let chunk = source.next(limits).await.unwrap().unwrap();
            read += chunk.payloads.len();
            at = chunk.position;
        }
        at.unwrap()
    }

    fn resumed(&self, at: &[u8]) -> Result<FileSource, SourceError> {
        let mut source = self.open(Format::Lines, IfChanged::Refuse);
        source.resume(at).map(|()| source)
    }

    /// Why it cannot go on at `at`.
    fn refusal(&self, at: &[u8]) -> String {
        let Err(error) = self.resumed(at) else { panic!("it went on") };
        let (place, end) = (self.path.display(), "`from_start: true` reads a changed file");
        let text = error.to_string();
        assert!(text.starts_with(&format!("cannot read {place} where it was left: ")), "{text}");
        assert!(text.contains(end), "{text}");
        text
    }
}

async fn rest(mut source: FileSource) -> Vec<String> {
    let limits = ChunkLimits { messages_max: 2, bytes_max: 1 << 20 };
    let mut lines = Vec::new();
    while let Some(chunk) = source.next(limits).await.unwrap() {
        let line = |i| String::from_utf8(chunk.payloads.get(i).to_vec()).unwrap();
        lines.extend((0..chunk.payloads.len()).map(line));
    }
    lines
}

#[tokio::test]
async fn every_position_continues_at_that_very_line() {
    let lines: Vec<String> = (0..100).map(|i| format!("line {i}")).collect();
    let log = Log::of(&lines.join("\n"));
    for read in 1..=lines.len() {
        let at = log.left_behind(read).await;
        // Blocks end elsewhere: the reader has read far ahead of the position.
        assert_eq!(rest(log.resumed(&at).unwrap()).await, lines[read..], "after {read}");
    }
}

#[tokio::test]
async fn what_was_resumed_can_be_resumed_again() {
    let log = Log::of("a\n\nb\nc\nd\n");
    let mut at = log.left_behind(1).await;
    for expected in ["b", "c", "d"] {
        let mut source = log.resumed(&at).unwrap();
        let one = ChunkLimits { messages_max: 1, bytes_max: 1 << 20 };
        let chunk = source.next(one).await.unwrap().unwrap();
        assert_eq!(chunk.payloads.get(0), expected.as_bytes());
        at = chunk.position.unwrap();
    }
    assert_eq!(rest(log.resumed(&at).unwrap()).await, [""; 0]);
}

#[tokio::test]
async fn a_file_that_was_read_to_its_end_is_not_read_again_and_one_that_grew_goes_on() {
    let log = Log::of("a\nb\n");
    let at = log.left_behind(2).await;
    assert_eq!(rest(log.resumed(&at).unwrap()).await, [""; 0]);
    log.add("c\nd");
    assert_eq!(rest(log.resumed(&at).unwrap()).await, ["c", "d"]);
}

#[tokio::test]
async fn a_line_end_that_came_later_ends_no_second_line() {
    for added in ["\nb", "\r\nb"] {
        let log = Log::of("x\na");
        let at = log.left_behind(2).await;
        log.add(added);
        assert_eq!(rest(log.resumed(&at).unwrap()).await, ["b"]);
        let mut source = log.open(Format::Ndjson, IfChanged::Refuse);
        source.resume(&at).unwrap();
        let limits = ChunkLimits { messages_max: 9, bytes_max: 1 << 20 };
        let chunk = source.next(limits).await.unwrap().unwrap();
        assert_eq!((chunk.refused[0].line, chunk.skipped_empty), (3, 0));
    }
}

#[tokio::test]
async fn lines_are_counted_from_the_start_of_the_file() {
    let log = Log::of("1\n\n2\n3\nbad\n4\n");
    let at = log.left_behind(2).await;
    let mut source = log.open(Format::Ndjson, IfChanged::Refuse);
    source.resume(&at).unwrap();
    let limits = ChunkLimits { messages_max: 9, bytes_max: 1 << 20 };
    assert_eq!(source.next(limits).await.unwrap().unwrap().refused[0].line, 5);
}

#[tokio::test]
async fn another_file_of_that_name_is_refused() {
    let log = Log::of("a\nb\n");
    let at = log.left_behind(1).await;
    log.replace("a\nb\n");
    let refusal = log.refusal(&at);
    assert!(refusal.contains("it is another file now (device "), "{refusal}");
}

#[tokio::test]
async fn a_shorter_file_is_refused() {
    let log = Log::of("aa\nbb\ncc\n");
    let at = log.left_behind(2).await;
    log.write_over("aa\n");
    let refusal = log.refusal(&at);
    assert!(refusal.contains("it has 3 bytes now, 6 of it were read"), "{refusal}");
}

#[tokio::test]
async fn a_file_that_was_written_over_and_grew_past_its_old_length_is_refused() {
    let log = Log::of("aa\nbb\ncc\n");
    let at = log.left_behind(2).await;
    log.write_over("xx\nbb\ncc\ndd\n");
    let refusal = log.refusal(&at);
    assert!(refusal.contains("what stands before byte 6 was written over"), "{refusal}");
}

#[tokio::test]
async fn from_start_reads_a_changed_file_from_its_start_and_goes_on_in_an_unchanged_one() {
    let log = Log::of("a\nb\n");
    let at = log.left_behind(1).await;
    let resumed = |log: &Log| {
        let mut source = log.open(Format::Lines, IfChanged::FromStart);
        source.resume(&at).unwrap();
        source
    };
    assert_eq!(rest(resumed(&log)).await, ["b"]);
    log.replace("c\nd\n");
    assert_eq!(rest(resumed(&log)).await, ["c", "d"]);
}

#[tokio::test]
async fn bytes_that_are_no_position_are_refused() {
    let log = Log::of("a\nb\n");
    let at = log.left_behind(1).await;
    let unknown_version = [&[9], &at[1..]].concat();
    for bad in [&b""[..], &at[..40], &[&at[..], b"x"].concat(), &unknown_version] {
        assert!(log.refusal(bad).contains("is not the place in a file"));
    }
}

#[tokio::test]
async fn a_file_that_is_cut_while_it_is_read_gives_what_was_read_and_is_refused_afterwards() {
    let log = Log::of("aa\nbb\ncc\n");
    let mut source = log.open(Format::Lines, IfChanged::Refuse);
    let one = ChunkLimits { messages_max: 1, bytes_max: 1 << 20 };
    assert_eq!(source.next(one).await.unwrap().unwrap().payloads.get(0), b"aa");
    log.write_over("a");
    let chunk = source.next(one).await.unwrap().unwrap();
    assert_eq!(chunk.payloads.get(0), b"bb");
    log.refusal(&chunk.position.unwrap());
}
