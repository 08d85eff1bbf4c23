//! Which version of each plugin a start serves: the one of the pipeline file, or the one that was swapped
//! in since that was declared, whose bytes the journal keeps.

use bytes::Bytes;
use millstream_pipeline::PluginPlan;
use millstream_plugin_host::{Host, LoadError, Plugin};
use millstream_queue::{Broker, DeployError, Ended, PluginFigures, Version};

use crate::component::Component;
use crate::error::OpenError;
use crate::rules;

/// The versions of one plugin that are loaded, each with the time since when it serves, or served:
/// milliseconds since the Unix epoch.
pub(crate) struct Loaded {
    pub(crate) serving: (Module, u64),
    /// The one to go back to.
    pub(crate) previous: Option<(Module, u64)>,
}

/// A version of a plugin that is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    pub(crate) plugin: Plugin,
    /// Its bytes, where no journal keeps them: to load it again with other settings.
    pub(crate) bytes: Option<Bytes>,
}

impl Module {
    /// Loads a version of a plugin as the plan wants it to be run.
    pub(crate) async fn load(
        one: &PluginPlan,
        bytes: &Bytes,
        host: &Host,
        broker: &dyn Broker,
    ) -> Result<Self, OpenError> {
        let kept = Some(bytes.clone()).filter(|_| !is_journalled(broker));
        let loaded = load_one(one, bytes.clone(), host).await;
        let plugin = loaded.map_err(|error| OpenError::Load { name: one.name.clone(), error })?;
        Ok(Self { plugin, bytes: kept })
    }
}

/// Loads a plugin as the plan wants it to be run.
pub(crate) async fn load_one(
    one: &PluginPlan,
    bytes: Bytes,
    host: &Host,
) -> Result<Plugin, LoadError> {
    host.load(&one.name, bytes, rules::settings(one)?).await
}

/// Whether versions outlive the process.
pub(crate) fn is_journalled(broker: &dyn Broker) -> bool {
    broker.durability() != "memory"
}

/// Loads the versions of a plugin, whose source names `source`, that the broker knows of.
pub(crate) async fn load(
    one: &PluginPlan,
    source: Component,
    host: &Host,
    broker: &dyn Broker,
) -> Result<Loaded, OpenError> {
    let known = broker.plugins().into_iter().find(|known| known.name == one.name);
    let Some(known) = known else {
        let serving = Module::load(one, source.bytes(), host, broker).await?;
        return Ok(Loaded { serving: (serving, broker.now().wall_ms), previous: None });
    };
    let component = serving(&known, source, broker).await?;
    let module = Module::load(one, component.bytes(), host, broker).await?;
    keep(&known, &component, broker).await.map_err(|error| unreadable(&known, error))?;
    let previous = previous(one, &known, host, broker).await;
    Ok(Loaded { serving: (module, known.serving.since_ms), previous })
}

/// The version that serves.
async fn serving(
    known: &PluginFigures,
    source: Component,
    broker: &dyn Broker,
) -> Result<Component, OpenError> {
    let Version { digest, .. } = &known.serving;
    if digest.is_empty() || *digest == source.digest() {
        return Ok(source);
    }
    let kept = broker.module(&known.name, digest).await;
    let kept = kept.map_err(|error| unreadable(known, error.into()))?;
    tracing::warn!(
        plugin = %known.name, serves = %digest, source = source.digest(),
        "a version that was swapped in goes on serving, and not the one of the pipeline file; `rollback` or \
         another swap changes that, as does a source with other bytes"
    );
    let missing = || OpenError::Version { name: known.name.clone(), digest: digest.clone() };
    kept.map(Component::new).ok_or_else(missing)
}

/// What serves must be there when somebody wants to go back to it, whatever its file has become.
pub(crate) async fn keep(
    known: &PluginFigures,
    component: &Component,
    broker: &dyn Broker,
) -> Result<(), DeployError> {
    let digest = component.digest();
    if !is_journalled(broker) || known.kept.iter().any(|kept| kept == digest) {
        return Ok(());
    }
    broker.keep_module(&known.name, digest, component.bytes().clone()).await
}

/// The version to go back to. A start does not fail for it.
async fn previous(
    one: &PluginPlan,
    known: &PluginFigures,
    host: &Host,
    broker: &dyn Broker,
) -> Option<(Module, u64)> {
    let Version { digest, since_ms, .. } = known.previous.as_ref()?;
    let loaded = match broker.module(&known.name, digest).await {
        Ok(Some(bytes)) => {
            Module::load(one, &bytes, host, broker).await.map_err(|error| error.to_string())
        }
        Ok(None) => Err("its bytes are not kept".to_owned()),
        Err(Ended(why)) => Err(why),
    };
    let loaded = loaded.inspect_err(|why| {
        tracing::warn!(plugin = %known.name, %digest, %why, "nobody can go back to the version before");
    });
    Some((loaded.ok()?, *since_ms))
}

pub(crate) fn unreadable(known: &PluginFigures, error: DeployError) -> OpenError {
    let what = format!("the bytes of plugin `{}`: {error}", known.name);
    OpenError::Journal(millstream_queue::OpenError::Io(what))
}
