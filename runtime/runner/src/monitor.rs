//! What a running pipeline tells of its plugins and of the health of its subscriptions.

use std::sync::Arc;

use millstream_message::SubscriptionId;
use millstream_plugin_host::{Metrics, Plugin};

use crate::health::{Health, HealthReport};
use crate::report::PluginReport;

/// Looks at the plugins and workers of a running pipeline. Cloning is cheap; nothing waits for it.
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    plugins: Arc<[(String, Plugin)]>,
    health: Arc<[Arc<Health>]>,
}

/// What one plugin did and took since the start.
#[derive(Clone, Debug, Default)]
pub struct PluginMetrics {
    /// All together.
    pub total: Metrics,
    /// For each subscription that it has worked for.
    pub subscriptions: Vec<(String, Metrics)>,
}

impl PluginMetrics {
    fn of(plugin: &Plugin) -> Self {
        let subscriptions = plugin.metrics();
        let all = subscriptions.iter().map(|(_, one)| one);
        let total = all.fold(Metrics::default(), |sum, one| sum.and(one));
        Self { total, subscriptions }
    }
}

impl Monitor {
    /// `plugins` by their names in the plan, `health` by the places of the subscriptions.
    pub(crate) fn new(plugins: Vec<(String, Plugin)>, health: Vec<Arc<Health>>) -> Self {
        Self { plugins: plugins.into(), health: health.into() }
    }

    /// The figures of the plugin called `name`; none where no such plugin runs.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<PluginMetrics> {
        let (_, plugin) = self.plugins.iter().find(|(plugin, _)| plugin == name)?;
        Some(PluginMetrics::of(plugin))
    }

    /// All plugins, for a report.
    pub(crate) fn reports(&self) -> Vec<PluginReport> {
        let report = |(name, plugin): &(String, Plugin)| {
            PluginReport::new(name, &PluginMetrics::of(plugin).total)
        };
        self.plugins.iter().map(report).collect()
    }

    /// The health of a subscription's handler; none where no such subscription runs.
    #[must_use]
    pub fn health(&self, subscription: SubscriptionId) -> Option<HealthReport> {
        self.health.get(subscription.0 as usize).map(|health| health.report())
    }
}
