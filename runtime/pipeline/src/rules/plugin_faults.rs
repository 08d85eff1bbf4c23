//! MS0401: every plugin must be there and be a plugin.

use super::Context;
use crate::code::Code;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, name, _) in context.plugins() {
        if let Some(Err(fault)) = context.facts.get(name) {
            report.add(
                Code::PluginFault,
                route.key("source"),
                fault.message.clone(),
                fault.help.clone(),
            );
        }
    }
}
