//! What the compiling child does: limits itself, reads one plugin, says what it is, compiles it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ExitCode, abort};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use serde::Serialize;

use super::talk::{LINE_BYTES_MAX, Made, Read as Told, Task};
use super::{machine_code, small_enough};
use crate::inspect::{LoadError, inspect};

/// The stack that inspection gets: less than any thread of a host has, so that bytes which were
/// inspected here once can be inspected there.
const STACK: usize = 1 << 20;
/// What the thread needs that waits for the host's end.
const WATCH_STACK: usize = 64 << 10;
/// Between the signal that says that the time of the processors is over and the end.
const CPU_SECONDS_TO_TELL: u64 = 5;
/// How far it stands back behind the host, whose workers have messages to handle: enough that none of
/// them waits for a processor, and not so much that it gets none for long.
const NICER: i32 = 10;
/// Address space for the program itself, and for what allocators reserve and do not use.
const RESERVED: u64 = 1 << 30;

/// Serves one task of a host ([`super::ChildCompiler`]) on stdin and stdout, and exits: the body of
/// the program that it starts. Ends at once when the host closes its side, as it does when it dies.
#[must_use]
pub fn compile_in_child() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // The host reads the end of what is said here.
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    input.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)?;
    let task: Task = serde_json::from_str(&line)?;
    limit(&task)?;
    // Threads that are started from here on do the same. Who may not, is a nuisance and no danger.
    let _ = nice(NICER);
    let mut bytes = Vec::new();
    input.by_ref().take(task.bytes).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != task.bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    thread::Builder::new().stack_size(WATCH_STACK).spawn(move || watch(input))?;
    let work = thread::Builder::new().stack_size(STACK).spawn(move || work(&task, &bytes))?;
    // A panic was told on stderr.
    work.join().unwrap_or_else(|_| Err(io::Error::other("panicked")))
}

/// Takes from this process what it must not have, for good.
fn limit(task: &Task) -> io::Result<()> {
    // In case nobody is left to look at the clock.
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let seconds = task.timeout.as_secs().saturating_add(1).saturating_mul(threads);
    at_most(Resource::Cpu, seconds)?;
    // What it may write to; not every system counts this for memory that is mapped, so all of it
    // has a limit as well.
    at_most(Resource::Data, task.memory)?;
    at_most(Resource::As, task.memory.saturating_add(RESERVED))?;
    at_most(Resource::Core, 0)?;
    at_most(Resource::Fsize, 0)
}

fn at_most(resource: Resource, value: u64) -> io::Result<()> {
    // What is limited further already stays so.
    let maximum = getrlimit(resource).maximum;
    let current = Some(maximum.map_or(value, |maximum| maximum.min(value)));
    // The signal that says so comes before the one that kills.
    let above = if resource == Resource::Cpu { CPU_SECONDS_TO_TELL } else { 0 };
    let most = value.saturating_add(above);
    let maximum = Some(maximum.map_or(most, |maximum| maximum.min(most)));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}

/// Ends the process when the host has closed its side.
fn watch(mut input: impl Read) {
    // Nothing more is ever sent: an end and an error mean the same.
    let _ = input.read(&mut [0]);
    abort();
}

fn work(task: &Task, bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout();
    let (inspection, component) = match inspect(bytes) {
        Ok(found) => found,
        Err(error) => return say(&mut output, &Told::Err(error)),
    };
    say(&mut output, &Told::Ok(inspection))?;
    if !task.compile {
        return Ok(());
    }
    match machine_code(&component).and_then(|code| small_enough(code, task.size)) {
        Ok(code) => {
            say(&mut output, &Made::Ok(code.len() as u64))?;
            output.write_all(&code)?;
            output.flush()
        }
        Err(error) => say(&mut output, &Made::Err(error)),
    }
}

fn say(output: &mut impl Write, answer: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    if line.len() as u64 >= LINE_BYTES_MAX {
        let error = LoadError::Invalid("its types name too many interfaces".to_owned());
        line = serde_json::to_vec(&Told::Err(error))?;
    }
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}
