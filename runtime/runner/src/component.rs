//! The bytes of plugins with their digests, each taken once: a source may have megabytes, and who loads,
//! declares, compares and keeps it all want to know which one it is.

use std::collections::BTreeMap;

use bytes::Bytes;
use millstream_plugin_host::Digest;
use millstream_queue::Source;

/// The bytes of a plugin, and their digest.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    bytes: Bytes,
    digest: String,
}

impl Component {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let digest = Digest::of(&bytes).to_string();
        Self { bytes, digest }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }
}

/// What the sources of a pipeline's plugins name, by the plugins' names.
#[derive(Debug)]
pub(crate) struct Components(BTreeMap<String, Component>);

impl Components {
    pub(crate) fn new(all: BTreeMap<String, Bytes>) -> Self {
        let component = |(name, bytes)| (name, Component::new(bytes));
        Self(all.into_iter().map(component).collect())
    }

    /// That of one plugin; one without bytes, which no host loads, where there is none.
    pub(crate) fn of(&self, plugin: &str) -> Component {
        self.0.get(plugin).cloned().unwrap_or_else(|| Component::new(Bytes::new()))
    }

    /// The plugins with the digests of what their sources name.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let source = |(plugin, one): (&String, &Component)| Source {
            plugin: plugin.clone(),
            digest: one.digest.clone(),
        };
        self.0.iter().map(source).collect()
    }
}
