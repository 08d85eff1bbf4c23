//! What a running pipeline tells of its plugins and of the health of its subscriptions.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use millstream_message::SubscriptionId;
use millstream_plugin_host::Metrics;

use crate::health::{Health, HealthReport};
use crate::report::PluginReport;
use crate::swap::Deployment;

/// Looks at the plugins and workers of a running pipeline. Cloning is cheap; nothing waits for it.
#[derive(Clone, Default)]
pub struct Monitor(Arc<RwLock<Watched>>);

/// What is there to look at.
#[derive(Default)]
struct Watched {
    plugins: Vec<Arc<Deployment>>,
    handlers: BTreeMap<SubscriptionId, Handler>,
}

/// Whose health a subscription's is.
pub(crate) enum Handler {
    Sink(Arc<Health>),
    /// That of whichever version of a plugin serves.
    Plugin(Arc<Deployment>),
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
    fn of(plugin: &Deployment) -> Self {
        let subscriptions = plugin.metrics();
        let all = subscriptions.iter().map(|(_, one)| one);
        let total = all.fold(Metrics::default(), |sum, one| sum.and(one));
        Self { total, subscriptions }
    }
}

impl Monitor {
    /// These run from now on.
    pub(crate) fn watch(
        &self,
        plugins: Vec<Arc<Deployment>>,
        handlers: BTreeMap<SubscriptionId, Handler>,
    ) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Watched { plugins, handlers };
    }

    /// The figures of the plugin called `name`; none where no such plugin runs.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<PluginMetrics> {
        let watched = self.read();
        let plugin = watched.plugins.iter().find(|plugin| plugin.name() == name)?;
        Some(PluginMetrics::of(plugin))
    }

    /// All plugins, for a report.
    pub(crate) fn reports(&self) -> Vec<PluginReport> {
        let report = |plugin: &Arc<Deployment>| {
            PluginReport::new(plugin.name(), &PluginMetrics::of(plugin).total)
        };
        self.read().plugins.iter().map(report).collect()
    }

    /// The health of a subscription's handler; none where no such subscription runs.
    #[must_use]
    pub fn health(&self, subscription: SubscriptionId) -> Option<HealthReport> {
        self.read().handlers.get(&subscription).map(|handler| match handler {
            Handler::Sink(health) => health.report(),
            Handler::Plugin(plugin) => plugin.health(subscription),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Watched> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
