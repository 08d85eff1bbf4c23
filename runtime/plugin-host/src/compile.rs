//! Machine code from components: where it is made, and how it is loaded.

use std::fmt;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine;

/// Who compiles plugins.
#[derive(Clone, Default)]
pub enum Compiler {
    /// A blocking thread of this process: for plugins that are trusted not to exhaust the
    /// compiler, which can neither be cancelled nor limited here.
    #[default]
    InProcess,
    /// Someone else, such as a child process with limits on time and memory that calls
    /// [`compile`].
    External(Arc<dyn Compile>),
}

/// Makes machine code from a component, elsewhere.
pub trait Compile: Send + Sync {
    /// The machine code of `component`, as [`compile`] of this very version gives it on this
    /// machine. Runs on a blocking thread. What it returns is executed: it must be as trustworthy
    /// as this process.
    ///
    /// # Errors
    /// Says for people why there is none: the component is not valid, or a limit was hit.
    fn compile(&self, component: &[u8]) -> Result<Vec<u8>, String>;
}

/// The machine code of `component`, for any host of this version on this machine. Nothing is
/// reserved for running it, so a small process can do this.
///
/// # Errors
/// The component is not valid, or the machine is not supported; the text says which.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, String> {
    Engine::new(&engine::code_settings())
        .and_then(|engine| engine.precompile_component(component))
        .map_err(|error| format!("{error:#}"))
}

impl Compiler {
    pub(crate) fn compile(&self, engine: &Engine, component: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::InProcess => {
                engine.precompile_component(component).map_err(|error| format!("{error:#}"))
            }
            Self::External(compiler) => compiler.compile(component),
        }
    }
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProcess => "InProcess",
            Self::External(_) => "External",
        })
    }
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
