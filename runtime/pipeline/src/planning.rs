//! From what was typed to what is meant. Runs only on a file without errors, so that nothing it
//! needs is missing; should a check have a gap, the route of what is missing comes back instead.

mod broker;
mod plugin;
mod source;
mod subscription;
mod topic;

use std::time::Duration;

use crate::declaration::Texts;
use crate::forms::{Bytes, Count, Period};
use crate::plan::Plan;
use crate::route::Route;
use crate::rules::Context;

pub(crate) use plugin::component;

type Planned<T> = Result<T, Route>;

/// The plan of a file without errors, or the route of what no check missed.
pub(crate) fn plan(context: &Context<'_>) -> Planned<Plan> {
    let name = context.declaration.pipeline.as_ref().ok_or_else(|| Route::of(["pipeline"]))?;
    Ok(Plan {
        name: name.0.clone(),
        broker: broker::plan(context)?,
        topics: context
            .topics()
            .map(|(route, name, topic)| topic::plan(&route, name, topic))
            .collect::<Planned<_>>()?,
        plugins: context
            .plugins()
            .map(|(route, name, plugin)| plugin::plan(context, &route, name, plugin))
            .collect::<Planned<_>>()?,
        sources: context
            .sources()
            .map(|(route, name, source)| source::plan(context, &route, name, source))
            .collect::<Planned<_>>()?,
        subscriptions: context
            .subscriptions()
            .map(|(route, name, subscription)| {
                subscription::plan(context, &route, name, subscription)
            })
            .collect::<Planned<_>>()?,
    })
}

fn topic_of(context: &Context<'_>, name: Option<&str>, route: Route) -> Planned<usize> {
    name.and_then(|name| context.topic_index(name)).ok_or(route)
}

/// Names in lower case, as the runtime keeps them.
fn headers(typed: Option<&Texts>) -> Vec<(String, String)> {
    let headers = typed.into_iter().flat_map(Texts::iter);
    headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

fn bytes(typed: Option<Bytes>, default: u64) -> u64 {
    typed.map_or(default, |Bytes(bytes)| bytes)
}

fn period(typed: Option<Period>, default: Duration) -> Duration {
    typed.map_or(default, |Period(period)| period)
}

fn count(typed: Option<Count>, default: u64) -> u64 {
    typed.map_or(default, |Count(count)| count)
}

/// The schema bounds these counts far below 32 bits.
fn small(typed: Option<Count>, default: u32) -> u32 {
    typed.map_or(default, |Count(count)| u32::try_from(count).unwrap_or(u32::MAX))
}
