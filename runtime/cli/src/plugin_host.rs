//! The host of plugins as every command starts it: compiled code is kept between runs, and what is
//! not kept yet is read and compiled by a child process, so that no plugin's bytes can harm this one.

use anyhow::Context;
use millstream_plugin_host::{ChildCompiler, Compiler, Host, HostSettings};

use crate::compile_cache;
use crate::failure::Failure;

/// The command by which this program compiles for itself.
const COMPILE: &str = "compile";

/// A host with the settings of this machine and user.
pub(crate) fn start() -> Result<Host, Failure> {
    let compiler = ChildCompiler::this_program(vec![COMPILE.into()])
        .context("this program cannot be started a second time, to compile plugins")?;
    let settings = HostSettings {
        cache: compile_cache::folder(),
        compiler: Compiler::Child(compiler),
        ..HostSettings::default()
    };
    Ok(Host::new(settings).context("the plugin host could not be set up")?)
}
