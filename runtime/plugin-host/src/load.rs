//! From bytes to a plugin: inspect, compile or fetch from the cache, link.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;
use wasmtime::component::Component;

use crate::cache::Entry;
use crate::capability::{self, Outlet};
use crate::compile::{self, Compiled};
use crate::contract;
use crate::digest::Digest;
use crate::failure::Size;
use crate::grants::{Grants, HttpGrant};
use crate::growth::Grown;
use crate::guest::{Config, Names};
use crate::host::Shared;
use crate::inspect::{Inspection, LoadError, World, inspect};
use crate::limits::{CompileLimits, Limits};
use crate::log_pace::LogPace;
use crate::meter::Meters;
use crate::places::Places;
use crate::plugin::{Exports, Plugin, Version};

/// How the engine says that a memory begins larger than any plugin's may become.
const TOO_LARGE: &str = "minimum byte size";

/// How a plugin is to be run.
#[derive(Clone, Debug)]
pub struct PluginSettings {
    /// The plugin's own configuration: a JSON object, or null for none.
    pub config: serde_json::Value,
    /// What it may take.
    pub limits: Limits,
    /// What it may do beyond computing.
    pub grants: Grants,
}

impl Default for PluginSettings {
    fn default() -> Self {
        let config = serde_json::Value::Null;
        Self { config, limits: Limits::default(), grants: Grants::default() }
    }
}

/// Makes a plugin of `bytes`: fetched from the cache or compiled, and linked.
pub(crate) async fn load(
    host: Arc<Shared>,
    name: String,
    bytes: Bytes,
    settings: PluginSettings,
) -> Result<Plugin, LoadError> {
    if settings.limits.memory > host.memory_max {
        let (asked, most) = (settings.limits.memory, host.memory_max);
        return Err(LoadError::Settings(format!(
            "limits.memory of plugin {name} is {asked} bytes, but this host was started for at most {most}"
        )));
    }
    let (inspection, component) = component(&host, bytes, &settings).await?;
    compile::blocking(move || link(host, &name, inspection, &component, settings)).await
}

/// What `bytes` are: read by this process when they were compiled before, which shows that it can
/// be done without harm, else by whoever compiles.
pub(crate) async fn examine(
    host: Arc<Shared>,
    bytes: Bytes,
    limits: CompileLimits,
) -> Result<Inspection, LoadError> {
    match known(&host, &bytes, None).await? {
        Some((inspection, _)) => Ok(inspection),
        None => host.compiler.inspect(bytes, &limits).await,
    }
}

/// The machine code of `bytes`: from the cache, else compiled, one plugin at a time, since a large
/// one takes all cores and hundreds of MiB.
async fn component(
    host: &Arc<Shared>,
    bytes: Bytes,
    settings: &PluginSettings,
) -> Result<(Inspection, Component), LoadError> {
    let (memory, limits) = (settings.limits.memory, &settings.limits.compile);
    if let Some((inspection, component)) = known(host, &bytes, Some(limits)).await? {
        accept(&inspection, &settings.grants)?;
        return Ok((inspection, component));
    }
    let _one_at_a_time = host.compiling.lock().await;
    // The same plugin may have been compiled meanwhile.
    if let Some((inspection, component)) = known(host, &bytes, Some(limits)).await? {
        accept(&inspection, &settings.grants)?;
        return Ok((inspection, component));
    }
    let (counter, held_to) = (host.clone(), host.compiler.held_to(limits));
    let grants = settings.grants.clone();
    let accept = move |inspection: &Inspection| {
        accept(inspection, &grants)?;
        counter.count_compile();
        Ok(())
    };
    let begun = Instant::now();
    let Compiled { inspection, code } = host.compiler.compile(bytes, limits, accept).await?;
    // By the clock it may have been longer: what is above its limit is time without a processor.
    let (took, host) = (begun.elapsed().min(held_to.timeout), host.clone());
    compile::blocking(move || {
        let loaded = compile::load(&host.engine, &code);
        let component = loaded.map_err(|error| unloadable(&error, memory))?;
        if let Some(cache) = &host.cache {
            cache.put(inspection.digest, &Entry::new(code, took, held_to.memory));
        }
        Ok((inspection, component))
    })
    .await
}

/// Whether the pipeline gives a plugin what it needs.
fn accept(inspection: &Inspection, grants: &Grants) -> Result<(), LoadError> {
    match inspection.not_granted(grants) {
        Some((interface, capability)) => {
            Err(LoadError::NotGranted { interface: interface.to_owned(), capability })
        }
        None => Ok(()),
    }
}

/// What the cache holds of `bytes`; if `limits` are given, only what was made within them.
async fn known(
    host: &Arc<Shared>,
    bytes: &Bytes,
    limits: Option<&CompileLimits>,
) -> Result<Option<(Inspection, Component)>, LoadError> {
    let limits = limits.map(|limits| host.compiler.held_to(limits));
    let (host, bytes) = (host.clone(), bytes.clone());
    compile::blocking(move || {
        let entry = host.cache.as_ref().and_then(|cache| cache.get(Digest::of(&bytes)));
        let Some(entry) = entry else { return Ok(None) };
        if limits.is_some_and(|limits| !entry.made_within(&limits)) {
            return Ok(None);
        }
        let size_max = limits.map_or(u64::MAX, |limits| limits.size);
        let code = compile::small_enough(entry.code, size_max)?;
        let Ok(component) = compile::load(&host.engine, &code) else { return Ok(None) };
        Ok(Some((inspect(&bytes)?.0, component)))
    })
    .await
}

fn link(
    host: Arc<Shared>,
    name: &str,
    inspection: Inspection,
    component: &Component,
    settings: PluginSettings,
) -> Result<Plugin, LoadError> {
    let config = Config::new(settings.config).map_err(LoadError::Settings)?;
    let exports = exports(component, &inspection)?;
    let linker = capability::linker(&host.linker, &settings.grants).map_err(compile_error)?;
    let pre = linker.instantiate_pre(component).map_err(not_linked)?;
    let names = Names { plugin: name.into() };
    let limits = settings.limits.bounded();
    let http = outlet(&host, &names, settings.grants.http, &limits);
    let lane = Arc::new(host.turns.lane());
    Ok(Plugin::new(Version {
        number: host.number_plugin(),
        host,
        inspection,
        pre,
        exports,
        config,
        limits,
        http,
        names,
        places: Places::new(limits.instances.map_or(usize::MAX, |instances| instances as usize)),
        log_pace: LogPace::new(limits.log_rate),
        grown: Grown::default(),
        meters: Meters::default(),
        lane,
    }))
}

/// The plugin's way out. Without a grant nothing asks for it.
fn outlet(host: &Shared, names: &Names, grant: HttpGrant, limits: &Limits) -> Arc<Outlet> {
    let origins = match grant {
        HttpGrant::None => Vec::new(),
        HttpGrant::Origins(origins) => origins,
    };
    Arc::new(Outlet::new(&names.plugin, origins, &host.network, limits.host_data))
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

/// What is wrong with code that compiled: all that the engine looks at is whether it has room for it.
fn unloadable(error: &wasmtime::Error, memory: u64) -> LoadError {
    let text = format!("{error:#}");
    LoadError::Compile(match text.contains(TOO_LARGE) {
        true => format!("limits.memory {}: {text}", Size(memory)),
        false => text,
    })
}

/// An error about an import, in the engine's words, which name it.
fn not_linked(error: wasmtime::Error) -> LoadError {
    LoadError::NotLinked(format!("{error:#}"))
}

/// An error about the host's own functions.
fn compile_error(error: wasmtime::Error) -> LoadError {
    LoadError::Compile(format!("{error:#}"))
}
