//! What a guest writes to stdout and stderr: the end of it is kept, the rest forgotten.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::host_data::HostData;

/// What is kept of one stream: enough for a panic's text, little enough to keep per instance.
const TAIL_BYTES_MAX: usize = 4 << 10;
/// What a guest may write at once.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// The last bytes written to a stream. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    bytes: Arc<Mutex<Vec<u8>>>,
    host_data: HostData,
}

impl Tail {
    /// An empty one, whose writes count as `host_data`.
    pub(crate) fn new(host_data: &HostData) -> Self {
        Self { bytes: Arc::default(), host_data: host_data.clone() }
    }

    /// Takes what was written since the last time, as text without white space at its end.
    pub(crate) fn take(&self) -> Option<String> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        Some(text).filter(|text| !text.is_empty())
    }

    fn append(&self, new: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let new = &new[new.len().saturating_sub(TAIL_BYTES_MAX)..];
        let excess = (bytes.len() + new.len()).saturating_sub(TAIL_BYTES_MAX);
        bytes.drain(..excess);
        bytes.extend_from_slice(new);
    }
}

impl IsTerminal for Tail {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Tail {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this form, and that is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Tail {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        // What was written last are the words for the trap that this is.
        self.host_data.take(bytes.len()).map_err(|spent| StreamError::Trap(spent.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Tail {
    async fn ready(&mut self) {}
}
