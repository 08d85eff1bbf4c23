use std::fs;
use std::io::Read;
use std::path::Path;

use millstream_formats::MessageJson;
use millstream_message::{Answers, Batch, Outcome};
use tempfile::TempDir;

use super::batch;
use crate::line_writer::{SharedLineWriter, Tail, Undo};
use crate::{FileSink, FileSinkRules, LineForm, PassThrough, Sink, SinkError, StdoutSink};

fn all_ok(answers: &Answers, batch: &Batch) {
    answers.check(batch.len()).unwrap();
    assert!(answers.outcomes.iter().all(|outcome| *outcome == Outcome::Ok));
}

fn open(path: &Path) -> Result<FileSink, SinkError> {
    FileSink::open(FileSinkRules { path: path.to_owned(), form: LineForm::Payload })
}

fn open_error(path: &Path) -> String {
    match open(path) {
        Ok(_) => panic!("opened {}", path.display()),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn payloads_are_appended_one_a_line_and_there_when_acknowledged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "before\n").unwrap();
    let mut sink = open(&path).unwrap();
    let batch = batch(&[b"a", b"", b"\xff\nb"]);
    all_ok(&sink.deliver(&batch).await.unwrap(), &batch);
    assert_eq!(fs::read(&path).unwrap(), b"before\na\n\n\xff\nb\n");
    sink.deliver(&batch.slice(0..1)).await.unwrap();
    assert!(fs::read(&path).unwrap().ends_with(b"\xff\nb\na\n"));
}

/// A process that is killed within a large write leaves a part of it. The first line of the next
/// process used to be appended to that part, and no reader found it.
#[tokio::test]
async fn a_line_that_a_dead_writer_tore_spoils_no_other() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "whole\nto").unwrap();
    let mut sink = open(&path).unwrap();
    let batch = batch(&[b"a", b"b"]);
    sink.deliver(&batch.slice(0..1)).await.unwrap();
    sink.deliver(&batch.slice(1..2)).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"whole\nto\na\nb\n");
}

#[tokio::test]
async fn a_line_can_be_the_message_with_its_id_so_that_a_reader_drops_repeats() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    let form = LineForm::Message { topic: "orders".into() };
    let mut sink = FileSink::open(FileSinkRules { path: path.clone(), form }).unwrap();
    let batch = batch(&[b"a\nb", b"\xff"]);
    all_ok(&sink.deliver(&batch).await.unwrap(), &batch);
    all_ok(&sink.deliver(&batch.slice(1..2)).await.unwrap(), &batch.slice(1..2));
    let text = fs::read_to_string(&path).unwrap();
    let read = |line| serde_json::from_str::<MessageJson>(line).unwrap();
    let lines: Vec<MessageJson> = text.lines().map(read).collect();
    let expected = |i| MessageJson::new(batch.get(i), "orders");
    assert_eq!(lines, [expected(0), expected(1), expected(1)]);
    assert_eq!((lines[0].key.as_deref(), lines[0].payload.as_deref()), (Some("k0"), Some("a\nb")));
}

#[tokio::test]
async fn lines_of_several_workers_never_mix() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    let sink = open(&path).unwrap();
    let workers: Vec<_> = (b'a'..b'e')
        .map(|letter| {
            let mut sink = sink.clone();
            let line = vec![letter; 10_000];
            tokio::spawn(async move {
                let batch = batch(&[&line, &line]);
                for _ in 0..20 {
                    sink.deliver(&batch).await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let text = fs::read(&path).unwrap();
    let lines: Vec<_> = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 4 * 20 * 2);
    assert!(lines.iter().all(|line| line.len() == 10_000 && line.iter().all(|b| b == &line[0])));
}

#[test]
fn an_output_in_use_is_refused_until_its_last_sink_is_gone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    let sink = open(&path).unwrap();
    let worker = sink.clone();
    drop(sink);
    assert!(open_error(&path).contains("in use by another sink or another process"));
    drop(worker);
    open(&path).unwrap();
}

#[test]
fn what_cannot_be_written_is_found_when_it_is_opened() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let missing = folder.path().join("no").join("out");
    let error = open_error(&missing);
    assert!(
        error.starts_with(&format!("cannot write to {}: there is no folder", missing.display()))
    );
    assert!(open_error(&file.join("out")).ends_with("a part of its path is not a folder"));
    assert!(open_error(folder.path()).ends_with("it is a folder, name a file in it"));
}

#[tokio::test]
async fn a_full_disk_fails_the_batch() {
    let mut sink = open(Path::new("/dev/full")).unwrap();
    let error = sink.deliver(&batch(&[b"a"])).await.unwrap_err().to_string();
    assert_eq!(error, "cannot write to /dev/full: no space left on the device");
}

/// The ordinary way to a write that ends half way needs a full disk; a limit on the size of the
/// process's files is as good, so the test runs itself in a child under one.
#[test]
fn a_write_that_fails_half_way_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "before\n").unwrap();
    // The limit is in blocks of 512 bytes or of 1 KiB; a batch of 4 KiB passes either.
    let script = r#"trap '' XFSZ; ulimit -f 2; exec "$0" --exact --ignored tests::sinks::child_that_writes_too_much"#;
    let done = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("OUT", &path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), b"before\n");
}

#[tokio::test]
#[ignore = "a part of a_write_that_fails_half_way_leaves_nothing_behind"]
async fn child_that_writes_too_much() {
    let mut sink = open(Path::new(&std::env::var_os("OUT").unwrap())).unwrap();
    let error = sink.deliver(&batch(&[&[b'x'; 4096]])).await.unwrap_err().to_string();
    assert!(error.contains("File too large"), "{error}");
}

#[tokio::test]
async fn a_closed_pipe_is_an_error() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let file = fs::File::from(std::os::fd::OwnedFd::from(writer));
    let writer =
        SharedLineWriter::new("stdout", file, Undo::Impossible, Tail::Whole, LineForm::Payload);
    writer.deliver(&batch(&[b"a"])).await.unwrap();
    let mut line = [0; 2];
    reader.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"a\n");
    drop(reader);
    let error = writer.deliver(&batch(&[b"a"])).await.unwrap_err().to_string();
    assert_eq!(error, "cannot write to stdout: its reader has closed it");
}

#[tokio::test]
async fn stdout_takes_batches() {
    let batch = batch(&[]);
    all_ok(&StdoutSink::open().unwrap().deliver(&batch).await.unwrap(), &batch);
}

#[tokio::test]
async fn pass_through_answers_each_message_with_itself() {
    let whole = batch(&[b"a", b"b", b"c"]);
    let part = whole.slice(1..3);
    let answers = PassThrough.deliver(&part).await.unwrap();
    all_ok(&answers, &part);
    let outgoing = &answers.outgoing;
    assert_eq!((outgoing.of(0), outgoing.of(1), outgoing.len()), (0..1, 1..2, 2));
    for i in 0..2 {
        let message = part.get(i);
        assert_eq!(outgoing.payloads.get(i), message.payload());
        assert_eq!(outgoing.keys.get(i), message.key().unwrap().as_bytes());
        let headers = outgoing.headers.slice(0..2);
        assert!(headers.of(i).eq(message.headers()));
    }
    assert_eq!(outgoing.payloads.data().as_ptr(), part.payloads().data().as_ptr(), "shared");
}
