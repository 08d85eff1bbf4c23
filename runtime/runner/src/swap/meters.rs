//! What all versions of a plugin did and took, whether they are still there or not.

use millstream_plugin_host::{Metrics, Plugin};

/// What the versions did and took.
#[derive(Default)]
pub(super) struct Meters {
    /// Those that are loaded.
    plugins: Vec<Plugin>,
    /// Those that are gone, by subscription.
    gone: Vec<(String, Metrics)>,
}

impl Meters {
    /// All together, by subscription.
    pub(super) fn sums(&self) -> Vec<(String, Metrics)> {
        let mut sums = self.gone.clone();
        self.plugins.iter().flat_map(Plugin::metrics).for_each(|one| add(&mut sums, one));
        sums
    }

    /// A version has come.
    pub(super) fn load(&mut self, plugin: &Plugin) {
        if !self.plugins.iter().any(|one| one.is(plugin)) {
            self.plugins.push(plugin.clone());
        }
    }

    /// A version leaves the memory: what it did and took is kept.
    pub(super) fn unload(&mut self, plugin: &Plugin) {
        let gone: Vec<Plugin> = self.plugins.extract_if(.., |one| one.is(plugin)).collect();
        for (name, metrics) in gone.iter().flat_map(Plugin::metrics) {
            // What is gone has no memory any more.
            let metrics = Metrics { memory: 0, instances: 0, ..metrics };
            add(&mut self.gone, (name, metrics));
        }
    }
}

fn add(sums: &mut Vec<(String, Metrics)>, (name, metrics): (String, Metrics)) {
    match sums.iter_mut().find(|(one, _)| *one == name) {
        Some((_, sum)) => *sum = sum.and(&metrics),
        None => sums.push((name, metrics)),
    }
}
