//! MS0201, MS0202: every topic and plugin that is named must be declared.

use super::Context;
use crate::code::Code;
use crate::report::Report;
use crate::route::Route;
use crate::suggest;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let names = Names {
        topics: context.declaration.topics.names(),
        plugins: context.declaration.plugins.names(),
    };
    for (route, _, source) in context.sources() {
        names.topic(context, report, route.key("topic"), source.topic.as_deref());
    }
    for (route, _, subscription) in context.subscriptions() {
        names.topic(context, report, route.key("topic"), subscription.topic.as_deref());
        names.topic(context, report, route.key("output"), subscription.output.as_deref());
        names.topic(context, report, route.key("dead_letter"), subscription.dead_letter.as_deref());
        for (index, target) in subscription.routes.iter().flatten().enumerate() {
            names.topic(context, report, route.key("routes").index(index), Some(target));
        }
        names.plugin(context, report, route.key("plugin"), subscription.plugin.as_deref());
    }
}

/// What "did you mean" may mean. A name whose declaration was cut out is declared all the same.
struct Names<'a> {
    topics: Vec<&'a str>,
    plugins: Vec<&'a str>,
}

impl Names<'_> {
    fn topic(&self, context: &Context<'_>, report: &mut Report, route: Route, name: Option<&str>) {
        let Some(name) = name.filter(|name| context.topic_index(name).is_none()) else { return };
        if !report.is_full() && !report.is_broken(&Route::of(["topics", name])) {
            let message = format!("there is no topic `{name}`");
            report.add(
                Code::UnknownTopic,
                route,
                message,
                suggest::help(name, &self.topics, "topics"),
            );
        }
    }

    fn plugin(&self, context: &Context<'_>, report: &mut Report, route: Route, name: Option<&str>) {
        let Some(name) = name.filter(|name| context.plugin_index(name).is_none()) else { return };
        if !report.is_full() && !report.is_broken(&Route::of(["plugins", name])) {
            let message = format!("there is no plugin `{name}`");
            report.add(
                Code::UnknownPlugin,
                route,
                message,
                suggest::help(name, &self.plugins, "plugins"),
            );
        }
    }
}
