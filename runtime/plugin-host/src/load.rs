//! From bytes to a plugin: inspect, compile or fetch from the cache, link.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use millstream_message::BATCH_BYTES_MAX;
use wasmtime::component::Component;

use crate::compile;
use crate::contract;
use crate::guest::{Config, Names};
use crate::host::Shared;
use crate::inspect::{Inspection, LoadError, World, inspect};
use crate::plugin::{Exports, Plugin, Version};

/// No call runs longer, whatever its limit says.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How a plugin is to be run.
#[derive(Clone, Debug)]
pub struct PluginSettings {
    /// The plugin's own configuration: a JSON object, or null for none.
    pub config: serde_json::Value,
    /// What one call may take.
    pub limits: Limits,
}

impl Default for PluginSettings {
    fn default() -> Self {
        Self { config: serde_json::Value::Null, limits: Limits::default() }
    }
}

/// What a guest may take. A limit that is hit fails the call and ends the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time for a call of one message.
    pub timeout: Duration,
    /// Time for a call of more, and for starting an instance.
    pub batch_timeout: Duration,
    /// Bytes of all memories and tables of one instance: a ceiling, not a reservation.
    pub memory: u64,
    /// Bytes that a call of one message may return.
    pub output: u64,
    /// Bytes that a call of more may return.
    pub batch_output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(1),
            batch_timeout: Duration::from_secs(5),
            memory: 128 << 20,
            output: 4 << 20,
            batch_output: 16 << 20,
        }
    }
}

impl Limits {
    /// Outputs become a batch, so no limit on them may pass what a batch can hold; and a deadline
    /// must be a time that the clock can reach.
    fn bounded(mut self) -> Self {
        self.timeout = self.timeout.min(TIMEOUT_MAX);
        self.batch_timeout = self.batch_timeout.min(TIMEOUT_MAX);
        self.output = self.output.min(BATCH_BYTES_MAX as u64);
        self.batch_output = self.batch_output.min(BATCH_BYTES_MAX as u64);
        self
    }
}

/// Does all of loading but the waiting: for a blocking thread.
pub(crate) fn load(
    host: &Arc<Shared>,
    name: &str,
    bytes: &[u8],
    settings: PluginSettings,
) -> Result<Plugin, LoadError> {
    let (inspection, component) = inspect(bytes)?;
    if let Some(&capability) = inspection.needs.first() {
        return Err(LoadError::NotAvailable(capability));
    }
    if settings.limits.memory > host.memory_max {
        let (asked, most) = (settings.limits.memory, host.memory_max);
        return Err(LoadError::Settings(format!(
            "limits.memory of plugin {name} is {asked} bytes, but this host was started for at most {most}"
        )));
    }
    let config = Config::new(settings.config).map_err(LoadError::Settings)?;
    let component = compiled(host, &inspection, &component)?;
    let exports = exports(&component, &inspection)?;
    let pre = host.linker.instantiate_pre(&component).map_err(compile_error)?;
    let names = Names { plugin: name.into() };
    let limits = settings.limits.bounded();
    Ok(Plugin::new(Version { host: host.clone(), inspection, pre, exports, config, limits, names }))
}

/// The machine code of `component`: from the cache, else compiled, one plugin at a time, since a
/// large one takes all cores and hundreds of MiB.
fn compiled(
    host: &Shared,
    inspection: &Inspection,
    component: &[u8],
) -> Result<Component, LoadError> {
    if let Some(component) = cached(host, inspection) {
        return Ok(component);
    }
    let _one_at_a_time = host.compiling.lock().unwrap_or_else(PoisonError::into_inner);
    // The same plugin may have been compiled meanwhile.
    if let Some(component) = cached(host, inspection) {
        return Ok(component);
    }
    host.count_compile();
    let code = host.compiler.compile(&host.engine, component).map_err(LoadError::Compile)?;
    let component = compile::load(&host.engine, &code).map_err(compile_error)?;
    if let Some(cache) = &host.cache {
        cache.put(inspection.digest, &code);
    }
    Ok(component)
}

fn cached(host: &Shared, inspection: &Inspection) -> Option<Component> {
    let code = host.cache.as_ref()?.get(inspection.digest)?;
    compile::load(&host.engine, &code).ok()
}

/// Where the functions of the contract are in the component.
fn exports(component: &Component, inspection: &Inspection) -> Result<Exports, LoadError> {
    let index = |interface: &str, function: &str| {
        let name = contract::interface(interface);
        component
            .get_export_index(None, &name)
            .and_then(|instance| component.get_export_index(Some(&instance), function))
            .ok_or(LoadError::WrongType(name))
    };
    let handler = match inspection.world {
        World::Message => "message-handler",
        World::Batch => "batch-handler",
    };
    let configure = inspection.lifecycle.then(|| index("lifecycle", "configure")).transpose()?;
    Ok(Exports { handle: index(handler, "handle")?, configure })
}

fn compile_error(error: wasmtime::Error) -> LoadError {
    LoadError::Compile(format!("{error:#}"))
}
