//! What goes to stderr: logs, and the lines that tell people what the binary is doing.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use indicatif::ProgressBar;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::failure::Failure;

/// Chooses what is logged, in the form of `RUST_LOG`.
const LOG_VARIABLE: &str = "MILLSTREAM_LOG";

/// Ours and the plugins' news, and others' worries, but for those that a guest could make up at will, and
/// of registries' certificates, which an error tells. A target covers all that starts with it.
const LOG_DEFAULT: &str = "warn,millstream=info,millstream_server=warn,plugin=info,\
                           wasmtime_wasi_http=off,rustls_platform_verifier=off";

/// The progress line, invisible until `run` shows it. Whatever is written to stderr goes around it.
pub(crate) static PROGRESS: LazyLock<ProgressBar> = LazyLock::new(ProgressBar::hidden);

/// Starts logging to stderr.
pub(crate) fn start() -> Result<(), Failure> {
    let wanted = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| LOG_DEFAULT.to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        Failure::wrong(format!(
            "{LOG_VARIABLE}={wanted:?}: {error}; expected a form such as {LOG_DEFAULT:?}"
        ))
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr_has_color())
        .with_writer(AroundProgress)
        .init();
    Ok(())
}

/// Whether colors make sense on stderr.
pub(crate) fn stderr_has_color() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes one line to stderr. There is nobody to tell when that fails.
pub(crate) fn say(line: &str) {
    PROGRESS.suspend(|| {
        let _ = writeln!(io::stderr().lock(), "{line}");
    });
}

/// Writes to stderr so that the progress line stays whole.
#[derive(Clone, Copy)]
struct AroundProgress;

impl Write for AroundProgress {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        PROGRESS.suspend(|| io::stderr().lock().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for AroundProgress {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}
