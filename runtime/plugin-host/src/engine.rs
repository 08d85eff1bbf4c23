//! How the engine is set up: everything that decides what compiled code looks like, and the pool.

use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
};

use crate::digest::Digest;
use crate::host::HostSettings;

/// Core instances of one component: a component of many linked modules (Python) has about 30, so
/// one built to exhaust the pool's counters is refused when it is loaded.
const CORE_INSTANCES_PER_COMPONENT_MAX: u32 = 60;
/// Memories and tables of one component, for the same reason.
const MEMORIES_PER_COMPONENT_MAX: u32 = 4;
/// Elements of one table: as many as a valid module may declare, so that it is always the plugin's own
/// limit that is hit, which has a name. They are address space until they are used.
const TABLE_ELEMENTS_MAX: usize = 10_000_000;
/// Counts up with each change of what [`crate::compile`] makes of a plugin before the engine sees it.
const REWRITING: u32 = 1;
/// Stack that host functions may use below a guest's frames.
const HOST_STACK: usize = 1 << 20;

/// Settings that compiled code depends on: the same for every engine of this version, whatever
/// process compiles. Columns are copied and calls are one at a time, so nothing concurrent is on;
/// the 4 GiB reservation stays, since a smaller one brings bounds checks into the code.
///
/// The checks for epochs, at each loop and each call, are the dearest part of the sandbox for code that
/// computes: JSON takes 2.3 times as long as natively with them, 1.7 times without. Nothing else ends a
/// loop. Inlining by the engine gave three percent more, for longer compiles: it stays off.
pub(crate) fn code_settings() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable);
    config
}

/// The engine that runs guests: instances come from a pool, or one by one where the machine does
/// not let the process reserve the pool's address space.
pub(crate) fn running(settings: &HostSettings) -> wasmtime::Result<Engine> {
    let mut config = code_settings();
    config.max_wasm_stack(settings.stack).async_stack_size(settings.stack + HOST_STACK);
    config.allocation_strategy(pool(settings));
    Engine::new(&config).or_else(|error| {
        tracing::warn!(%error, "no pool of instances: each is allocated by itself, which is slower");
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })
}

fn pool(settings: &HostSettings) -> PoolingAllocationConfig {
    let instances = settings.instances_max.max(1);
    let memories = instances.saturating_mul(2).max(MEMORIES_PER_COMPONENT_MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_COMPONENT_MAX))
        .total_memories(memories)
        .total_tables(memories)
        .total_stacks(instances)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT_MAX)
        .max_memories_per_component(MEMORIES_PER_COMPONENT_MAX)
        .max_tables_per_component(MEMORIES_PER_COMPONENT_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(usize::try_from(settings.memory_max).unwrap_or(usize::MAX));
    pool
}

/// A digest that is equal for two engines exactly when each can load what the other compiled.
pub(crate) fn compatibility(engine: &Engine) -> Digest {
    let mut hasher = Sha256Hasher::default();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    REWRITING.hash(&mut hasher);
    Digest::of(&hasher.0.finalize())
}

/// Feeds SHA-256 by way of `Hash`: the standard hasher gives another value in another version.
#[derive(Default)]
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
