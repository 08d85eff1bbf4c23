//! The components.

use std::path::PathBuf;

use millstream_formats::OciReference;

use super::{Planned, bytes, count, period, small};
use crate::declaration::{self, HttpGrant, Plugin};
use crate::defaults;
use crate::forms::{Rate, origin};
use crate::plan::{CompileLimits, ComponentSource, Grants, Limits, PluginPlan, RateLimit};
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
    Ok(PluginPlan {
        name: name.to_owned(),
        source: source.ok_or_else(|| route.key("source"))?,
        config: serde_json::Value::Object(plugin.config.clone().unwrap_or_default()),
        limits: limits(plugin.limits.as_ref().unwrap_or(&declaration::Limits::default())),
        grants: grants(plugin.grants.as_ref().unwrap_or(&declaration::Grants::default())),
    })
}

fn limits(typed: &declaration::Limits) -> Limits {
    Limits {
        timeout: period(typed.timeout, defaults::TIMEOUT),
        batch_timeout: period(typed.batch_timeout, defaults::BATCH_TIMEOUT),
        memory: bytes(typed.memory, defaults::MEMORY),
        tables: count(typed.tables, defaults::TABLES),
        instances: typed.instances.map(|typed| small(Some(typed), u32::MAX)),
        output: bytes(typed.output, defaults::OUTPUT),
        batch_output: bytes(typed.batch_output, defaults::BATCH_OUTPUT),
        output_messages: count(typed.output_messages, defaults::OUTPUT_MESSAGES),
        batch_output_messages: count(typed.batch_output_messages, defaults::BATCH_OUTPUT_MESSAGES),
        log_rate: typed
            .log_rate
            .map_or(defaults::LOG_RATE, |Rate { messages, per }| RateLimit { messages, per }),
        log_bytes: bytes(typed.log_bytes, defaults::LOG_BYTES),
        host_data: bytes(typed.host_data, defaults::HOST_DATA),
        compile: CompileLimits {
            timeout: period(typed.compile_timeout, defaults::COMPILE_TIMEOUT),
            memory: bytes(typed.compile_memory, defaults::COMPILE_MEMORY),
            size: bytes(typed.compile_size, defaults::COMPILE_SIZE),
        },
    }
}

fn grants(typed: &declaration::Grants) -> Grants {
    let http = match &typed.http {
        // The rules accepted each of them.
        Some(HttpGrant::Hosts(hosts)) => {
            hosts.iter().filter_map(|host| origin(host).ok()).collect()
        }
        Some(HttpGrant::Any(_)) | None => Vec::new(),
    };
    Grants { http, keyvalue: typed.keyvalue == Some(true) }
}

/// Where the component of a plugin is; `None` for what this version cannot fetch, and for a place in a
/// registry that cannot be.
pub(crate) fn component(source: &str, path: impl Fn(&str) -> PathBuf) -> Option<ComponentSource> {
    if OciReference::is_meant(source) {
        return OciReference::parse(source).ok().map(ComponentSource::Registry);
    }
    if source.contains("://") {
        return None;
    }
    let path = path(source);
    let is_file = path.extension().is_some_and(|extension| extension == "wasm");
    Some(if is_file { ComponentSource::File(path) } else { ComponentSource::Folder(path) })
}
