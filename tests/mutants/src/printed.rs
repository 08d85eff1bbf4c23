//! What a test program prints, followed while it runs.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::sync::mpsc::{self, Receiver};

/// Bytes that are read: broken code may fail at great length.
const PRINTED_MAX: u64 = 64 << 20;

/// Letters of a finding.
const FINDING_MAX: usize = 160;

/// Tells the first test that fails, with what it said. Ends when the program does.
pub(crate) fn first_failure(printed: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines =
            BufReader::new(printed.take(PRINTED_MAX)).split(b'\n').map_while(Result::ok);
        if let Some(finding) = find(&mut lines) {
            // Nobody listens any more when it took too long.
            let _gone = sender.send(finding);
        }
    });
    receiver
}

fn find(lines: &mut dyn Iterator<Item = Vec<u8>>) -> Option<String> {
    let (mut seed, mut panics) = (None, HashMap::new());
    while let Some(line) = lines.next() {
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.starts_with("seed ") {
            seed = seed.or(Some(line));
        } else if let Some(test) = failed(&line) {
            let said = panics.remove(test).filter(|_| seed.is_none());
            let others = || panics.remove("<unnamed>");
            let said = said.or(seed.take()).or_else(others).unwrap_or_default();
            return Some(format!("{test}: {said}").chars().take(FINDING_MAX).collect());
        } else if let Some(thread) = panicked(&line) {
            let said = lines.next().unwrap_or_default();
            let said = String::from_utf8_lossy(&said).into_owned();
            seed = seed.or_else(|| said.starts_with("seed ").then(|| said.clone()));
            panics.insert(thread.to_owned(), said);
        }
    }
    None
}

/// The test of a line that says that it failed.
fn failed(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// The thread of a line that announces what it says in the end.
fn panicked(line: &str) -> Option<&str> {
    let (thread, rest) = line.strip_prefix("thread '")?.split_once('\'')?;
    rest.contains(" panicked at ").then_some(thread)
}
