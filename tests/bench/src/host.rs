//! A host of plugins as `millstream run` has it: a child process compiles.

use std::path::Path;

use millstream_plugin_host::{ChildCompiler, Compiler, Host, HostSettings};

/// What this program is told when it is to compile for itself.
pub(crate) const COMPILE: &str = "compile";

/// A host that keeps compiled code in `cache`; none: every start compiles anew.
pub(crate) fn start(cache: Option<&Path>) -> anyhow::Result<Host> {
    let compiler = Compiler::Child(ChildCompiler::this_program(vec![COMPILE.into()])?);
    let cache = cache.map(Path::to_path_buf);
    Ok(Host::new(HostSettings { cache, compiler, ..HostSettings::default() })?)
}
