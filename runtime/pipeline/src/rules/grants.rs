//! MS0402, MS0405: what a plugin imports must be granted, and must exist.

use super::Context;
use crate::code::Code;
use crate::declaration::{HttpGrant, Plugin};
use crate::facts::PluginFacts;
use crate::report::Report;
use crate::route::Route;

/// The package of the host's own interfaces, and those that every plugin may import.
const OWN_PACKAGE: &str = "millstream:";
const OWN_INTERFACES: [&str; 3] =
    ["millstream:plugin/logging", "millstream:plugin/types", "millstream:plugin/batch-types"];
const OWN_VERSION: &str = "0.1.";

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, name, plugin) in context.plugins() {
        let Some(Ok(facts)) = context.facts.get(name) else { continue };
        needs(report, &route, name, plugin, facts);
        for interface in facts.imports.iter().filter(|interface| is_unknown(interface)) {
            let message =
                format!("the plugin `{name}` imports `{interface}`, which this host does not have");
            let help = "build the plugin with the SDK of this version; `millstream new` writes it into the folder";
            report.add(Code::UnknownInterface, route.key("source"), message, help);
        }
    }
}

fn needs(report: &mut Report, route: &Route, name: &str, plugin: &Plugin, facts: &PluginFacts) {
    for need in &facts.needs {
        if is_granted(need, plugin) || report.is_broken(&route.key("grants").key(need)) {
            continue;
        }
        let interface = interface(need, facts);
        let message =
            format!("the plugin `{name}` imports `{interface}`, which the pipeline does not grant");
        report.add(Code::NotGranted, route.key("source"), message, help(need, name));
    }
}

fn help(need: &str, name: &str) -> String {
    let grant = match need {
        "http" => "grants: { http: [\"https://HOST\"] }".to_owned(),
        _ => format!("grants: {{ {need}: true }}"),
    };
    format!("add `{grant}` to `plugins.{name}`")
}

fn is_granted(need: &str, plugin: &Plugin) -> bool {
    let Some(grants) = &plugin.grants else { return false };
    match need {
        "keyvalue" => grants.keyvalue == Some(true),
        "http" => grants.http.as_ref().is_some_and(HttpGrant::grants_anything),
        _ => false,
    }
}

/// The import that shows the need, by its full name: one that does something, if there is one, rather
/// than one that brings the types for it.
fn interface<'a>(need: &'a str, facts: &'a PluginFacts) -> &'a str {
    let package = format!("wasi:{need}/");
    let all = || facts.imports.iter().filter(|import| import.starts_with(&package));
    let acts = all().find(|import| !import.contains("/types@"));
    acts.or_else(|| all().next()).map_or(need, String::as_str)
}

fn is_unknown(interface: &str) -> bool {
    let (name, version) = interface.split_once('@').unwrap_or((interface, OWN_VERSION));
    let known = OWN_INTERFACES.contains(&name) && version.starts_with(OWN_VERSION);
    name.starts_with(OWN_PACKAGE) && !known
}
