//! The checks of a new version, before it gets a message to keep.

use millstream_plugin_host::LoadError;

use super::{Course, unready};
use crate::rules::settings;
use crate::swap::first_start::try_start;
use crate::swap::machine::Event;
use crate::swap::shadow;
use crate::swap::stage::Stage;

impl Course {
    pub(super) async fn verify(&mut self) -> Event {
        let deployment = &self.entry.deployment;
        let limits = match settings(&deployment.plan()) {
            Ok(settings) => settings.limits.compile,
            Err(error) => return unloadable(&error),
        };
        let inspection = match deployment.host.examine(self.bytes.clone(), limits).await {
            Ok(inspection) => inspection,
            Err(error) => return unloadable(&error),
        };
        let digest = inspection.digest.to_string();
        let serves = deployment.service.borrow().serving.digest() == digest;
        let source = deployment.origins().of(&digest);
        self.entry.update(|status| {
            status.to = Some(digest);
            status.source = source;
        });
        match serves {
            true => Event::Failed(Stage::Verified, "it is the version that serves".to_owned()),
            false => Event::Done,
        }
    }

    pub(super) async fn compile(&mut self) -> Event {
        let deployment = &self.entry.deployment;
        let settings = match settings(&deployment.plan()) {
            Ok(settings) => settings,
            Err(error) => return unloadable(&error),
        };
        match deployment.host.load(deployment.name(), self.bytes.clone(), settings).await {
            Ok(plugin) => {
                self.plugin = Some(plugin);
                Event::Done
            }
            Err(error) => unloadable(&error),
        }
    }

    /// Starts an instance for every subscription, which then is of no more use.
    pub(super) async fn configure(&mut self) -> Event {
        let Some(plugin) = self.plugin.clone() else { return unready() };
        for post in &*self.entry.posts() {
            if let Err(why) = try_start(&plugin, &post.name, &post.topic_name).await {
                return Event::Failed(Stage::Configured, format!("`{}`: {why}", post.name));
            }
        }
        Event::Done
    }

    pub(super) async fn shadow(&mut self, messages: u32) -> Event {
        let Some(plugin) = self.plugin.clone() else { return unready() };
        self.entry.reach(Stage::Shadowing);
        let comparison = shadow::compare(&self.entry, &plugin, messages).await;
        let samples = comparison.samples();
        self.entry.update(|status| status.shadow = Some(comparison));
        match samples {
            Some([old, new]) => Event::Compared { old, new },
            None => Event::Done,
        }
    }
}

/// Where a file that cannot be loaded fails.
fn unloadable(error: &LoadError) -> Event {
    let stage = match error {
        LoadError::UnknownImport(_) | LoadError::NotGranted { .. } | LoadError::NotLinked(_) => {
            Stage::Imports
        }
        LoadError::Compile(_) | LoadError::Settings(_) => Stage::Compiled,
        LoadError::NotWasm
        | LoadError::NoComponentType
        | LoadError::Invalid(_)
        | LoadError::NoHandler
        | LoadError::BothHandlers
        | LoadError::ContractVersion(_)
        | LoadError::WrongType(_) => Stage::Verified,
    };
    Event::Failed(stage, error.to_string())
}
