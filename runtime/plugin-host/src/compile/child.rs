//! The compiling child, seen from the host: started, given its task, believed or ended.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use super::Compiled;
use super::patience::in_time;
use super::talk::{LINE_BYTES_MAX, Made, Read, Task};
use crate::failure::Size;
use crate::inspect::{Inspection, LoadError};
use crate::limits::CompileLimits;

/// What is kept of what a child says on stderr: a panic, not its story.
const STDERR_BYTES_MAX: usize = 4 << 10;
/// Threads that compile: each takes memory of its own.
const THREADS_MAX: usize = 8;
/// How Rust and the engine say that there is no memory: a text is all that a dead child leaves.
const NO_MEMORY: [&str; 4] =
    ["memory allocation of", "os error 12", "ThreadPoolBuildError", "os error 11"];
/// How Rust says that a stack was not enough.
const NO_STACK: &str = "has overflowed its stack";

/// Reads and compiles plugins in a process of its own, which limits itself. It is killed when its
/// time is over, when the load is given up, and when this process dies.
///
/// Needs a tokio runtime with I/O and time enabled.
#[derive(Clone, Debug)]
pub struct ChildCompiler {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl ChildCompiler {
    /// `program`, an absolute path, with `arguments` must do nothing but
    /// [`super::compile_in_child`], in this very version: what it returns is executed.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { program, arguments }
    }

    /// The program that runs, with `arguments`.
    ///
    /// # Errors
    /// The system does not say which program that is.
    pub fn this_program(arguments: Vec<OsString>) -> io::Result<Self> {
        // Where there is such a link, it is this program even after its file was replaced.
        let link = PathBuf::from("/proc/self/exe");
        let program = if link.exists() { link } else { std::env::current_exe()? };
        Ok(Self::new(program, arguments))
    }

    pub(super) async fn inspect(
        &self,
        bytes: &[u8],
        limits: &CompileLimits,
    ) -> Result<Inspection, LoadError> {
        self.ask(bytes, limits, false, |_| Ok(())).await.map(|compiled| compiled.inspection)
    }

    pub(super) async fn compile(
        &self,
        bytes: &[u8],
        limits: &CompileLimits,
        accept: impl Fn(&Inspection) -> Result<(), LoadError>,
    ) -> Result<Compiled, LoadError> {
        self.ask(bytes, limits, true, accept).await
    }

    async fn ask(
        &self,
        bytes: &[u8],
        limits: &CompileLimits,
        compile: bool,
        accept: impl Fn(&Inspection) -> Result<(), LoadError>,
    ) -> Result<Compiled, LoadError> {
        let mut child = self.start().map_err(|error| {
            LoadError::Compile(format!("the compiler's process does not start: {error}"))
        })?;
        let task = Task::new(limits, compile, bytes);
        let (id, stderr) = (child.id(), child.stderr.take());
        let talk = Talk { child: &mut child, task: &task };
        let both = async { tokio::join!(talk.hold(bytes, accept), tail(stderr)) };
        let Some((answer, stderr)) = in_time(id, limits.timeout, both).await else {
            // Its death is all that matters, and dropping it sees to that as well.
            let _ = child.kill().await;
            return Err(timed_out(limits));
        };
        match answer {
            Ok(compiled) => Ok(compiled),
            Err(End::Refused(error)) => Err(error),
            Err(End::Silent) => {
                let status = child.wait().await;
                Err(judge(status, &stderr, limits))
            }
        }
    }

    fn start(&self) -> io::Result<Child> {
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg0("millstream-compile").current_dir("/").env_clear();
        // Threads and heaps reserve memory each, which counts toward the limit.
        command.env("RAYON_NUM_THREADS", threads.min(THREADS_MAX).to_string());
        command.env("MALLOC_ARENA_MAX", "2");
        // Where the loader finds what the program needs to start at all.
        if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", paths);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn()
    }
}

/// How a talk ends without code.
enum End {
    /// There is something against the plugin.
    Refused(LoadError),
    /// The child said nothing that can be understood: it must have died.
    Silent,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Silent
    }
}

/// One talk with a child. Its end closes the pipes, which the child does not survive.
struct Talk<'a> {
    child: &'a mut Child,
    task: &'a Task,
}

impl Talk<'_> {
    async fn hold(
        self,
        bytes: &[u8],
        accept: impl Fn(&Inspection) -> Result<(), LoadError>,
    ) -> Result<Compiled, End> {
        let (stdin, stdout) = (self.child.stdin.take(), self.child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else { return Err(End::Silent) };
        let mut task = serde_json::to_vec(self.task).map_err(io::Error::from)?;
        task.push(b'\n');
        stdin.write_all(&task).await?;
        stdin.write_all(bytes).await?;
        let mut stdout = BufReader::new(stdout);
        let inspection = line::<Read>(&mut stdout).await?.map_err(End::Refused)?;
        accept(&inspection).map_err(End::Refused)?;
        let mut code = Vec::new();
        if self.task.compile {
            let length = line::<Made>(&mut stdout).await?.map_err(End::Refused)?;
            if length > self.task.size {
                return Err(End::Silent);
            }
            code.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
            stdout.read_exact(&mut code).await?;
        }
        Ok(Compiled { inspection, code })
    }
}

/// The next line, understood.
async fn line<T: DeserializeOwned>(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<T> {
    let mut line = Vec::new();
    from.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    Ok(serde_json::from_slice(&line)?)
}

/// The beginning of what the child says on stderr; the rest is read so that it can go on.
async fn tail(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let mut kept = Vec::new();
    // An error ends it as an end does.
    let _ = (&mut stderr).take(STDERR_BYTES_MAX as u64).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// What ended a child that gave no answer.
fn judge(status: io::Result<ExitStatus>, stderr: &str, limits: &CompileLimits) -> LoadError {
    let signal = status.as_ref().ok().and_then(ExitStatus::signal);
    if signal == Some(rustix::process::Signal::XCPU.as_raw()) {
        return timed_out(limits);
    }
    if NO_MEMORY.iter().any(|mark| stderr.contains(mark)) {
        return LoadError::Compile(format!("limits.compile_memory {}", Size(limits.memory)));
    }
    if stderr.contains(NO_STACK) {
        return LoadError::Invalid("it is nested too deeply to be read".to_owned());
    }
    let ending = match (status, signal) {
        (_, Some(signal)) => format!("it was ended by signal {signal}"),
        (Ok(status), None) => status.to_string(),
        (Err(error), None) => error.to_string(),
    };
    LoadError::Compile(format!("the compiler failed, {ending}: {stderr}"))
}

fn timed_out(limits: &CompileLimits) -> LoadError {
    LoadError::Compile(format!("limits.compile_timeout {:?}", limits.timeout))
}
