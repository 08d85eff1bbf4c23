//! The components.

use std::path::PathBuf;

use super::{Planned, bytes, period};
use crate::declaration::Plugin;
use crate::defaults;
use crate::plan::{ComponentSource, Limits, PluginPlan};
use crate::route::Route;
use crate::rules::Context;

pub(super) fn plan(
    context: &Context<'_>,
    route: &Route,
    name: &str,
    plugin: &Plugin,
) -> Planned<PluginPlan> {
    let source =
        plugin.source.as_deref().and_then(|source| component(source, |typed| context.path(typed)));
    let limits = plugin.limits.as_ref();
    Ok(PluginPlan {
        name: name.to_owned(),
        source: source.ok_or_else(|| route.key("source"))?,
        config: serde_json::Value::Object(plugin.config.clone().unwrap_or_default()),
        limits: Limits {
            timeout: period(limits.and_then(|limits| limits.timeout), defaults::TIMEOUT),
            batch_timeout: period(
                limits.and_then(|limits| limits.batch_timeout),
                defaults::BATCH_TIMEOUT,
            ),
            memory: bytes(limits.and_then(|limits| limits.memory), defaults::MEMORY),
            output: bytes(limits.and_then(|limits| limits.output), defaults::OUTPUT),
            batch_output: bytes(
                limits.and_then(|limits| limits.batch_output),
                defaults::BATCH_OUTPUT,
            ),
        },
    })
}

/// Where the component of a plugin is; `None` for what this version cannot fetch.
pub(crate) fn component(source: &str, path: impl Fn(&str) -> PathBuf) -> Option<ComponentSource> {
    if source.contains("://") {
        return None;
    }
    let path = path(source);
    let is_file = path.extension().is_some_and(|extension| extension == "wasm");
    Some(if is_file { ComponentSource::File(path) } else { ComponentSource::Folder(path) })
}
