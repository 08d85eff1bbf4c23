//! The host of guests: engine, clock, linker, cache of compiled code.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::cache::Cache;
use crate::capability::{Network, Outbound};
use crate::compile::Compiler;
use crate::engine;
use crate::guest::{self, Guest};
use crate::inspect::{Inspection, LoadError, inspect};
use crate::limits::CompileLimits;
use crate::load::{self, PluginSettings};
use crate::places::Places;
use crate::plugin::Plugin;
use crate::ticker::Ticker;
use crate::turns::Turns;

/// A shorter tick would keep a core busy with ticking.
const EPOCH_TICK_MIN: Duration = Duration::from_millis(1);

/// How a host is set up. All of it holds for every plugin.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// Folder for compiled code; none: every start compiles anew.
    pub cache: Option<PathBuf>,
    /// Instances alive at once, of all plugins. Address space is reserved for them, not memory.
    pub instances_max: u32,
    /// Guests that run at once: as many as there are cores for them. Others wait for their turn.
    pub running_max: usize,
    /// The largest `limits.memory` of any plugin, in bytes.
    pub memory_max: u64,
    /// The Wasm stack of one instance, in bytes.
    pub stack: usize,
    /// How often a running guest yields and looks at its deadline.
    pub epoch_tick: Duration,
    /// Who compiles.
    pub compiler: Compiler,
    /// How plugins that are granted http get out of this process.
    pub outbound: Outbound,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            cache: None,
            instances_max: 256,
            running_max: std::thread::available_parallelism().map_or(1, NonZero::get),
            memory_max: 1 << 30,
            stack: 1 << 20,
            epoch_tick: Duration::from_millis(10),
            compiler: Compiler::InProcess,
            outbound: Outbound::default(),
        }
    }
}

/// Runs plugins. Cloning is cheap; the engine's clock stops when the host and all plugins and
/// instances are gone.
#[derive(Clone, Debug)]
pub struct Host {
    shared: Arc<Shared>,
}

impl Host {
    /// Starts the engine and its clock.
    ///
    /// # Errors
    /// The engine does not run on this machine, or the cache's folder cannot be trusted.
    pub fn new(settings: HostSettings) -> Result<Host, HostError> {
        let engine = engine::running(&settings).map_err(engine_error)?;
        let compatibility = engine::compatibility(&engine);
        let open = |folder| Cache::open(folder, compatibility).map_err(HostError::Cache);
        let epoch_tick = settings.epoch_tick.max(EPOCH_TICK_MIN);
        let instances_max = settings.instances_max.max(1);
        let turns = Turns::new(settings.running_max);
        let shared = Shared {
            cache: settings.cache.map(open).transpose()?,
            linker: guest::linker(&engine).map_err(engine_error)?,
            _ticker: Ticker::start(&engine, epoch_tick, &turns)
                .map_err(|error| HostError::Engine(format!("cannot start its clock: {error}")))?,
            engine,
            places: Places::new(instances_max as usize),
            plugins: AtomicU64::new(0),
            turns,
            instances_max,
            memory_max: settings.memory_max,
            epoch_tick,
            compiler: settings.compiler,
            network: Arc::new(Network::new(settings.outbound)),
            compiling: Mutex::new(()),
            compiles: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Says what `bytes` are. Reads type information only, never compiles; needs no engine. Reads
    /// them in this process and without limits: for bytes that nobody made to do harm. For others
    /// there is [`Host::examine`].
    ///
    /// # Errors
    /// They are not a plugin; the error says why.
    pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
        inspect(bytes).map(|(inspection, _)| inspection)
    }

    /// As [`Host::inspect`], but done by whoever compiles for this host, within `limits`.
    ///
    /// # Errors
    /// They are not a plugin, or a limit was hit while reading them.
    pub async fn examine(
        &self,
        bytes: Bytes,
        limits: CompileLimits,
    ) -> Result<Inspection, LoadError> {
        load::examine(self.shared.clone(), bytes, limits).await
    }

    /// Makes a plugin called `name` of `bytes`: a component, or a core module with an embedded
    /// component type. Compiles unless the cache holds it ([`HostSettings::compiler`]). Dropping the
    /// future calls that off.
    ///
    /// # Errors
    /// The bytes are not a plugin, need something that is not available, or do not compile.
    pub async fn load(
        &self,
        name: &str,
        bytes: Bytes,
        settings: PluginSettings,
    ) -> Result<Plugin, LoadError> {
        load::load(self.shared.clone(), name.to_owned(), bytes, settings).await
    }

    /// How often this host compiled, rather than taking code from its cache.
    #[must_use]
    pub fn compiles(&self) -> u64 {
        self.shared.compiles.load(Ordering::Relaxed)
    }
}

/// Why there is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The engine does not start.
    #[error("the Wasm engine does not start: {0}")]
    Engine(String),
    /// The folder for compiled code cannot be used.
    #[error("compile cache: {0}")]
    Cache(String),
}

fn engine_error(error: wasmtime::Error) -> HostError {
    HostError::Engine(format!("{error:#}"))
}

/// What all plugins of a host share.
pub(crate) struct Shared {
    /// Stops before the engine goes.
    _ticker: Ticker,
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) cache: Option<Cache>,
    /// One for each instance that may be alive.
    pub(crate) places: Arc<Places>,
    /// How many were loaded so far.
    plugins: AtomicU64,
    pub(crate) turns: Arc<Turns>,
    pub(crate) instances_max: u32,
    pub(crate) memory_max: u64,
    pub(crate) epoch_tick: Duration,
    pub(crate) compiler: Compiler,
    pub(crate) network: Arc<Network>,
    pub(crate) compiling: Mutex<()>,
    compiles: AtomicU64,
}

impl Shared {
    pub(crate) fn count_compile(&self) {
        self.compiles.fetch_add(1, Ordering::Relaxed);
    }

    /// What tells one loaded plugin from another of the same name.
    pub(crate) fn number_plugin(&self) -> u64 {
        self.plugins.fetch_add(1, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("instances_max", &self.instances_max).finish_non_exhaustive()
    }
}
