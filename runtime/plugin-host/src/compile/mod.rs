//! Machine code from components: where it is made, and how it is loaded.
//!
//! A stranger's bytes can keep a compiler busy for hours, fill the memory, or end the process that
//! reads them, and no thread that compiles can be called off. So a host that runs strangers'
//! plugins has a child process do it ([`ChildCompiler`]): `child` is how it is driven, `patience` how
//! long it is waited for, `inside` what it does, `talk` what the two say to each other. `bulk` is what
//! is changed in a plugin before it is compiled.

mod bulk;
mod child;
mod inside;
mod patience;
mod talk;

use std::time::Duration;

use bytes::Bytes;
use wasmtime::Engine;
use wasmtime::component::Component;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use self::bulk::in_parts;
pub use self::child::ChildCompiler;
pub use self::inside::compile_in_child;
use crate::engine;
use crate::failure::Size;
use crate::inspect::{Inspection, LoadError, inspect};
use crate::limits::CompileLimits;

/// Who reads and compiles plugins.
#[derive(Clone, Debug, Default)]
pub enum Compiler {
    /// A blocking thread of this process: for plugins that are trusted not to exhaust the
    /// compiler, which can neither be cancelled nor limited here.
    #[default]
    InProcess,
    /// A child process with limits on time and memory.
    Child(ChildCompiler),
}

/// What came of compiling.
pub(crate) struct Compiled {
    pub(crate) inspection: Inspection,
    /// Machine code, as [`load`] takes it.
    pub(crate) code: Vec<u8>,
}

impl Compiler {
    /// What this keeps to of `limits`: nothing in this process is held to any.
    pub(crate) fn held_to(&self, limits: &CompileLimits) -> CompileLimits {
        match self {
            Self::InProcess => {
                CompileLimits { timeout: Duration::MAX, memory: u64::MAX, size: u64::MAX }
            }
            Self::Child(_) => *limits,
        }
    }

    /// Says what `bytes` are, within `limits`.
    ///
    /// # Errors
    /// They are not a plugin, or a limit was hit while reading them.
    pub(crate) async fn inspect(
        &self,
        bytes: Bytes,
        limits: &CompileLimits,
    ) -> Result<Inspection, LoadError> {
        match self {
            Self::InProcess => blocking(move || inspect(&bytes).map(|(found, _)| found)).await,
            Self::Child(child) => child.inspect(&bytes, limits).await,
        }
    }

    /// Compiles `bytes` within `limits`, unless `accept` has something against what they are.
    /// Dropping the future ends a child's work; a blocking thread works on for nobody.
    pub(crate) async fn compile(
        &self,
        bytes: Bytes,
        limits: &CompileLimits,
        accept: impl Fn(&Inspection) -> Result<(), LoadError> + Send + 'static,
    ) -> Result<Compiled, LoadError> {
        match self {
            Self::InProcess => blocking(move || in_process(&bytes, accept)).await,
            Self::Child(child) => child.compile(&bytes, limits, accept).await,
        }
    }
}

fn in_process(
    bytes: &[u8],
    accept: impl Fn(&Inspection) -> Result<(), LoadError>,
) -> Result<Compiled, LoadError> {
    let (inspection, component) = inspect(bytes)?;
    accept(&inspection)?;
    Ok(Compiled { inspection, code: machine_code(&component)? })
}

/// The machine code of `component`, for any host of this version on this machine. Nothing is
/// reserved for running it, so a small process can do this.
fn machine_code(component: &[u8]) -> Result<Vec<u8>, LoadError> {
    let component = &bulk::in_parts(component)?;
    Engine::new(&engine::code_settings())
        .and_then(|engine| engine.precompile_component(component))
        .map_err(|error| LoadError::Compile(format!("{error:#}")))
}

/// `code`, unless there is more of it than `limits.compile_size` allows.
pub(crate) fn small_enough(code: Vec<u8>, size_max: u64) -> Result<Vec<u8>, LoadError> {
    if code.len() as u64 <= size_max {
        return Ok(code);
    }
    Err(LoadError::Compile(format!("limits.compile_size {}", Size(size_max))))
}

/// Does `work` where it may take long.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(LoadError::Compile(format!("the compiler failed: {error}"))))
}

/// Loads machine code that [`Compiler::compile`] gave, now or in an earlier process.
#[expect(
    unsafe_code,
    reason = "machine code is executed as it is: it comes from our own compiler, either straight or \
              by way of a private folder and under a checksum"
)]
pub(crate) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: see the reason above; the engine itself refuses code of other versions or settings.
    unsafe { Component::deserialize(engine, code) }
}
