//! MS0401, MS0406 to MS0408: every plugin must be there, be a plugin, compile and start.

use super::Context;
use crate::code::Code;
use crate::declaration::Plugin;
use crate::facts::PluginFaultKind;
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, name, plugin) in context.plugins() {
        if let Some(Err(fault)) = context.facts.get(name) {
            let (code, place) = place(fault.kind, &route, plugin);
            report.add(code, place, fault.message.clone(), fault.help.clone());
        }
    }
}

/// What a fault is called, and the line that is to blame for it.
fn place(kind: PluginFaultKind, route: &Route, plugin: &Plugin) -> (Code, Route) {
    let source = route.key("source");
    match kind {
        PluginFaultKind::Unusable => (Code::PluginFault, source),
        PluginFaultKind::NotCompiled => (Code::NotCompiled, source),
        PluginFaultKind::ConfigRefused if plugin.config.is_some() => {
            (Code::ConfigRefused, route.key("config"))
        }
        PluginFaultKind::ConfigRefused => (Code::ConfigRefused, source),
        PluginFaultKind::NotStarted => (Code::NotStarted, source),
    }
}
