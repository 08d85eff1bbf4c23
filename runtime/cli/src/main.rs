//! The binary `millstream`: arguments, signals, rendering, exit codes.
//!
//! Not here: anything a command does beyond asking a library crate and showing its answer.

mod arguments;
mod command;
mod compile_cache;
mod failure;
mod logs;
mod pipeline_file;
mod plugin_host;
mod print;
mod registries;
mod remote;
mod run;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Compile = arguments.command {
        return millstream_plugin_host::compile_in_child();
    }
    let done = logs::start().and_then(|()| command::execute(arguments));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
