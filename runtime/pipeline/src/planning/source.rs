//! The built-in producers.

use super::{Planned, headers, topic_of};
use crate::declaration::{Format as TypedFormat, Schedule, Source};
use crate::plan::{Format, SourceConnector, SourcePlan};
use crate::route::Route;
use crate::rules::Context;

pub(super) fn plan(
    context: &Context<'_>,
    route: &Route,
    name: &str,
    source: &Source,
) -> Planned<SourcePlan> {
    Ok(SourcePlan {
        name: name.to_owned(),
        topic: topic_of(context, source.topic.as_deref(), route.key("topic"))?,
        connector: connector(context, source).ok_or_else(|| route.clone())?,
        key_from: source.key_from.as_ref().map(|pointer| pointer.0.clone()),
        dedup_from: source.dedup_from.as_ref().map(|pointer| pointer.0.clone()),
    })
}

fn connector(context: &Context<'_>, source: &Source) -> Option<SourceConnector> {
    if let Some(file) = &source.file {
        let path = context.path(file.path.as_deref()?);
        let from_start = file.from_start.unwrap_or(false);
        return Some(SourceConnector::File { path, format: format(file.format?), from_start });
    }
    if let Some(stdin) = &source.stdin {
        return Some(SourceConnector::Stdin { format: format(stdin.format?) });
    }
    if let Some(timed) = &source.schedule {
        return schedule(timed);
    }
    Some(SourceConnector::Http { path: source.http.as_ref()?.path.clone()? })
}

fn schedule(typed: &Schedule) -> Option<SourceConnector> {
    Some(SourceConnector::Schedule {
        cron: typed.cron.clone()?,
        payload: typed.payload.clone(),
        key: typed.key.clone(),
        headers: headers(typed.headers.as_ref()),
    })
}

fn format(format: TypedFormat) -> Format {
    match format {
        TypedFormat::Ndjson => Format::Ndjson,
        TypedFormat::Lines => Format::Lines,
    }
}
