//! Compiling in a child process: what it makes runs, what it hits is named, and it never outlives
//! those who wait for it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use millstream_plugin_host::{ChildCompiler, CompileLimits, Compiler, Host, PluginSettings};

use crate::support::{batch, call, guest, host_with, instance};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");

fn host_of(child: ChildCompiler) -> Host {
    host_with(|settings| settings.compiler = Compiler::Child(child))
}

fn host() -> Host {
    host_of(ChildCompiler::new(CHILD.into(), Vec::new()))
}

/// A child that is this shell `script`.
fn shell(script: &str) -> Host {
    let arguments = ["-c", script].map(OsString::from).to_vec();
    host_of(ChildCompiler::new("/bin/sh".into(), arguments))
}

/// Why `echo_batch` does not load within `limits`.
async fn refused(host: &Host, change: impl FnOnce(&mut CompileLimits)) -> String {
    let mut settings = PluginSettings::default();
    change(&mut settings.limits.compile);
    host.load("echo", guest("echo_batch"), settings).await.unwrap_err().to_string()
}

#[tokio::test]
async fn code_compiled_by_a_child_runs_here() {
    let host = host();
    let plugin = host.load("echo", guest("echo_batch"), PluginSettings::default()).await.unwrap();
    assert_eq!(host.compiles(), 1);
    call(&mut instance(&plugin).await, &batch(&["x"])).await.unwrap();
}

#[tokio::test]
async fn a_child_finds_what_this_process_finds() {
    let whole = guest("talk");
    let mut flipped = whole.to_vec();
    flipped[whole.len() / 2] ^= 0x40;
    let files: [&[u8]; 6] =
        [&whole, &flipped, &whole[..whole.len() - 1], b"", b"\0asm\x0d\0\x01\0", b"#!/bin/sh"];
    for bytes in files {
        let found = host().examine(bytes.to_vec().into(), CompileLimits::default()).await;
        assert_eq!(found, Host::inspect(bytes));
    }
}

#[tokio::test]
async fn the_limit_that_a_compile_hits_is_named() {
    let host = host();
    let time = refused(&host, |limits| limits.timeout = Duration::from_millis(1)).await;
    assert_eq!(time, "cannot compile: limits.compile_timeout 1ms");
    let memory = refused(&host, |limits| limits.memory = 4 << 20).await;
    assert_eq!(memory, "cannot compile: limits.compile_memory 4MiB");
    let size = refused(&host, |limits| limits.size = 1 << 10).await;
    assert_eq!(size, "cannot compile: limits.compile_size 1KiB");
}

#[tokio::test]
async fn a_child_that_gets_no_processor_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let mut gate = listen(&fifo);
    let host = shell(&format!("read line < {}; echo gibberish; cat > /dev/null", fifo.display()));
    let limit = Duration::from_secs(1);
    let load = refused(&host, |limits| limits.timeout = limit);
    tokio::pin!(load);
    assert!(tokio::time::timeout(limit * 2, load.as_mut()).await.is_err(), "it is given up");
    gate.get_mut().write_all(b"go on\n").unwrap();
    let said = load.await;
    assert!(said.starts_with("cannot compile: the compiler failed"), "{said}");
}

#[tokio::test]
async fn a_child_that_dies_is_an_error_in_its_words() {
    let said =
        refused(&shell("cat > /dev/null & echo the floor is gone >&2; exit 3"), |_| {}).await;
    let words = "cannot compile: the compiler failed, exit status: 3: the floor is gone";
    assert_eq!(said, words);
    let said = refused(&shell("kill -9 $$"), |_| {}).await;
    assert!(
        said.starts_with("cannot compile: the compiler failed, it was ended by signal 9"),
        "{said}"
    );
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_an_error() {
    let said = refused(&shell("echo gibberish; cat > /dev/null"), |_| {}).await;
    assert!(said.starts_with("cannot compile: the compiler failed"), "{said}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let host = host_of(ChildCompiler::new("/nowhere/compiler".into(), Vec::new()));
    let said = refused(&host, |_| {}).await;
    assert!(said.starts_with("cannot compile: the compiler's process does not start"), "{said}");
}

/// Gives the reading end of a pipe in the file system, at the `path` that the child writes to.
fn listen(path: &Path) -> BufReader<File> {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    // Open for writing as well, or opening would wait for the child.
    BufReader::new(File::options().read(true).write(true).open(path).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_is_given_up_ends_its_child() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let mut heard = listen(&fifo);
    let host = shell(&format!("echo $$ > {}; exec sleep 1000", fifo.display()));
    let load = tokio::spawn(async move {
        host.load("echo", guest("echo_batch"), PluginSettings::default()).await
    });
    let pid = tokio::task::spawn_blocking(move || {
        let mut pid = String::new();
        heard.read_line(&mut pid).unwrap();
        pid.trim().to_owned()
    });
    let pid = pid.await.unwrap();
    load.abort();
    assert!(load.await.unwrap_err().is_cancelled());
    // It is killed before its end can be told; what is left to wait for is the system.
    let gone = || !Path::new("/proc").join(&pid).join("exe").exists();
    while !gone() {
        tokio::task::yield_now().await;
    }
}

/// One that has compiled, and cannot hand over its code since nobody reads it.
#[test]
fn a_child_does_not_outlive_its_host() {
    let bytes = guest("echo_batch");
    let mut child = Command::new(CHILD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let task = format!(
        r#"{{"timeout":{{"secs":60,"nanos":0}},"memory":{},"size":{},"compile":true,"bytes":{}}}"#,
        1 << 30,
        64 << 20,
        bytes.len()
    );
    writeln!(stdin, "{task}").unwrap();
    stdin.write_all(&bytes).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 8]).unwrap();
    drop(stdin);
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6), "{status}: it ended by itself");
}
