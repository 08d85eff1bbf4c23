//! What a running pipeline tells of its plugins and of the health of its subscriptions.

use std::sync::Arc;

use millstream_message::SubscriptionId;
use millstream_pipeline::{Consumer, Plan, SubscriptionPlan};
use millstream_plugin_host::Metrics;

use crate::health::{Health, HealthReport};
use crate::report::PluginReport;
use crate::swap::Deployment;

/// Looks at the plugins and workers of a running pipeline. Cloning is cheap; nothing waits for it.
#[derive(Clone, Default)]
pub struct Monitor {
    plugins: Arc<[Arc<Deployment>]>,
    handlers: Arc<[Handler]>,
}

/// Whose health a subscription's is.
enum Handler {
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
    /// `plugins` and `sinks`, which are by the places of their subscriptions, of `plan`.
    pub(crate) fn new(plan: &Plan, plugins: &[Arc<Deployment>], sinks: &[Arc<Health>]) -> Self {
        let handler = |(one, sink): (&SubscriptionPlan, &Arc<Health>)| match one.consumer {
            Consumer::Plugin(place) => Handler::Plugin(Arc::clone(&plugins[place])),
            Consumer::Sink(_) => Handler::Sink(Arc::clone(sink)),
        };
        let handlers = plan.subscriptions.iter().zip(sinks).map(handler).collect();
        Self { plugins: plugins.into(), handlers }
    }

    /// The figures of the plugin called `name`; none where no such plugin runs.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<PluginMetrics> {
        let plugin = self.plugins.iter().find(|plugin| plugin.name() == name)?;
        Some(PluginMetrics::of(plugin))
    }

    /// All plugins, for a report.
    pub(crate) fn reports(&self) -> Vec<PluginReport> {
        let report = |plugin: &Arc<Deployment>| {
            PluginReport::new(plugin.name(), &PluginMetrics::of(plugin).total)
        };
        self.plugins.iter().map(report).collect()
    }

    /// The health of a subscription's handler; none where no such subscription runs.
    #[must_use]
    pub fn health(&self, subscription: SubscriptionId) -> Option<HealthReport> {
        let place = subscription.0 as usize;
        self.handlers.get(place).map(|handler| match handler {
            Handler::Sink(health) => health.report(),
            Handler::Plugin(plugin) => plugin.health(place),
        })
    }
}
