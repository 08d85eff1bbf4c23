//! What a process says, line by line, and its end.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::binary::Output;

/// How long a test waits for anything before it fails. Machines that test are busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The lines of a stream as they come, and all of them in the end.
pub(crate) struct Lines {
    coming: Receiver<String>,
    seen: String,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let (send, coming) = channel();
        let reader = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let _ = send.send(String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned());
            }
        });
        Self { coming, seen: String::new(), reader: Some(reader) }
    }

    /// Waits for a line that holds `text`.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.coming.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("no line with {text:?} in time, only:\n{}", self.seen)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without a line with {text:?}:\n{}", self.seen)
                }
            }
        }
    }

    /// Everything up to the end of the stream.
    #[track_caller]
    pub(crate) fn rest(mut self) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.coming.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push_str(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it did not end in time; so far:\n{}", self.seen)
                }
            }
        }
        self.reader.take().map(JoinHandle::join).transpose().expect("the reader ends");
        std::mem::take(&mut self.seen)
    }
}

/// A test that fails shows what the process had said.
impl Drop for Lines {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.seen.extend(self.coming.try_iter());
            eprint!("{}", self.seen);
        }
    }
}

/// Waits for the end of a process and takes what it said.
#[track_caller]
pub(crate) fn finish(mut child: Child) -> Output {
    let stdout = Lines::of(child.stdout.take().expect("stdout is piped"));
    let stderr = Lines::of(child.stderr.take().expect("stderr is piped"));
    end(Guard(child), stdout, stderr)
}

#[track_caller]
pub(crate) fn end(mut child: Guard, stdout: Lines, stderr: Lines) -> Output {
    let (stdout, stderr) = (stdout.rest(), stderr.rest());
    // Both streams have ended, so the process is ending too.
    let code = child.0.wait().expect("it can be waited for").code();
    Output { code, stdout, stderr }
}

/// A process that does not outlive its test.
pub(crate) struct Guard(pub(crate) Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
