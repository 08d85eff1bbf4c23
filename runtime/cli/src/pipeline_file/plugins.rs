//! What a pipeline file's plugins are: read from their bytes, and tried where that was asked for.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use millstream_formats::OciReference;
use millstream_pipeline::{
    ComponentSource, Draft, Plan, PluginFacts, PluginFault, PluginFaultKind, World,
};
use millstream_plugin_host::{CompileLimits, Host, Inspection, StartFailure};
use millstream_registry::{PullError, Pulled};
use millstream_runner::Unfit;
use millstream_workshop::WorkshopError;

use super::{Origin, read_component};
use crate::registries::registries;

/// What was found of the plugins.
#[derive(Default)]
pub(super) struct Found {
    pub(super) facts: BTreeMap<String, Result<PluginFacts, PluginFault>>,
    /// The bytes of those that are plugins.
    pub(super) components: BTreeMap<String, Bytes>,
    pub(super) origins: Vec<Origin>,
    /// Those that cannot be read or are none.
    pub(super) unusable: usize,
}

impl Found {
    /// Reads what `draft` names; what the bytes are is found out by whoever compiles for `host`.
    pub(super) async fn of(draft: &Draft, host: &Host) -> Self {
        let mut found = Self::default();
        for (name, source) in draft.components() {
            let fact = match component(&source, host).await {
                Ok(Component { bytes, inspection, origin }) => {
                    let (plugin, digest) = (name.clone(), inspection.digest.to_string());
                    let origin = origin.map(|reference| Origin { plugin, digest, reference });
                    found.origins.extend(origin);
                    found.components.insert(name.clone(), bytes);
                    Ok(facts(inspection))
                }
                Err(fault) => {
                    found.unusable += usize::from(fault.of_machine);
                    Err(fault.fault)
                }
            };
            found.facts.insert(name, fact);
        }
        found
    }

    /// Compiles and starts the plugins as `plan` says, within all of their limits. One that fails
    /// has a fault from then on.
    pub(super) async fn rehearse(&mut self, plan: &Plan, host: &Host) {
        for (name, why) in millstream_runner::rehearse(plan, &self.components, host).await {
            let fault = unfit(&name, &why);
            self.facts.insert(name, Err(fault));
        }
    }
}

fn unfit(name: &str, why: &Unfit) -> PluginFault {
    let (kind, message, help) = match why {
        Unfit::Load(error) => (
            PluginFaultKind::NotCompiled,
            format!("the plugin `{name}` cannot be used: {error}"),
            "build it anew with the SDK of this version; raise a limit that was hit only if the file comes from somebody you trust",
        ),
        Unfit::Start(StartFailure::ConfigRefused(words)) => (
            PluginFaultKind::ConfigRefused,
            format!("the plugin `{name}` refuses its configuration: {words}"),
            "change its `config`; the plugin's README says what it takes",
        ),
        Unfit::Start(failure) => (
            PluginFaultKind::NotStarted,
            format!("the plugin `{name}` does not start: {failure}"),
            "mend the plugin; raise a limit that was hit if it needs more",
        ),
    };
    PluginFault { kind, message, help: help.to_owned() }
}

/// Why a plugin cannot be used.
struct Fault {
    fault: PluginFault,
    of_machine: bool,
}

impl Fault {
    fn of_machine(message: String, help: &str) -> Self {
        Self {
            fault: PluginFault { kind: PluginFaultKind::Unusable, message, help: help.to_owned() },
            of_machine: true,
        }
    }
}

/// A plugin that was read.
struct Component {
    bytes: Bytes,
    inspection: Inspection,
    /// Where in a registry it came from.
    origin: Option<OciReference>,
}

async fn component(source: &ComponentSource, host: &Host) -> Result<Component, Fault> {
    let (bytes, place, origin) = match source {
        ComponentSource::File(path) => (read(path)?, path.display().to_string(), None),
        ComponentSource::Folder(folder) => {
            let path = millstream_workshop::component_path(folder).map_err(unbuilt)?;
            (read(&path)?, path.display().to_string(), None)
        }
        ComponentSource::Registry(reference) => {
            let pulled = registries().pull(reference).await;
            let Pulled { bytes, reference } = pulled.map_err(|why| unpulled(reference, &why))?;
            (bytes, reference.to_string(), Some(reference))
        }
    };
    let examined = host.examine(bytes.clone(), CompileLimits::default()).await;
    let inspection = examined.map_err(|error| {
        let message = format!("{place}: {error}");
        Fault::of_machine(message, "name a component, or a core module with an embedded component type: `millstream build` makes one")
    })?;
    Ok(Component { bytes, inspection, origin })
}

fn read(path: &Path) -> Result<Bytes, Fault> {
    read_component(path).map_err(|error| {
        Fault::of_machine(
            format!("{error:#}"),
            "name a plugin folder or a .wasm file that this user may read",
        )
    })
}

fn unpulled(reference: &OciReference, why: &PullError) -> Fault {
    Fault::of_machine(format!("{reference}: {why}"), why.help())
}

fn unbuilt(error: WorkshopError) -> Fault {
    let help = error.help();
    let message = match error {
        // Its text would give the help a second time.
        WorkshopError::Unbuilt { reason, .. } => reason,
        other => other.to_string(),
    };
    let kind = PluginFaultKind::Unusable;
    Fault { fault: PluginFault { kind, message, help }, of_machine: false }
}

fn facts(inspection: Inspection) -> PluginFacts {
    let digest = inspection.digest.to_string();
    PluginFacts {
        digest: digest.strip_prefix("sha256:").unwrap_or(&digest).to_owned(),
        world: match inspection.world {
            millstream_plugin_host::World::Message => World::Message,
            millstream_plugin_host::World::Batch => World::Batch,
        },
        imports: inspection.imports,
        exports: inspection.exports,
        needs: inspection.needs.iter().map(ToString::to_string).collect(),
    }
}
