//! The rules: one file each, all of them run on every file. A rule speaks of routes and keeps
//! silent about values that were already found to mean nothing.

mod ack_deadline;
mod backoff;
mod batch_bounds;
mod bounds;
mod brokers;
mod command_topics;
mod context;
mod cycles;
mod dead_letter_topics;
mod dead_letters;
mod dedup_from;
mod earliest;
mod exactly_one;
mod expiry;
mod filters;
mod grants;
mod headers;
mod http_paths;
mod journal;
mod limits;
mod message_size;
mod not_yet;
mod origins;
mod outputs;
mod park_key;
mod plugin_faults;
mod references;
mod registries;
mod routes;
mod schedules;
mod shared_files;
mod shared_stdin;
mod unread_topics;
mod unused_plugins;
mod web_hooks;

use crate::report::Report;

pub(crate) use context::Context;
pub(crate) use http_paths::not_served;

/// Runs every rule.
pub(crate) fn check(context: &Context<'_>, report: &mut Report) {
    for rule in RULES {
        rule(context, report);
    }
}

type Rule = fn(&Context<'_>, &mut Report);

const RULES: &[Rule] = &[
    not_yet::check,
    exactly_one::check,
    bounds::check,
    references::check,
    registries::check,
    dead_letters::check,
    dead_letter_topics::check,
    park_key::check,
    command_topics::check,
    ack_deadline::check,
    cycles::check,
    outputs::check,
    routes::check,
    message_size::check,
    dedup_from::check,
    expiry::check,
    backoff::check,
    shared_files::check,
    shared_stdin::check,
    filters::check,
    schedules::check,
    http_paths::check,
    web_hooks::check,
    headers::check,
    plugin_faults::check,
    origins::check,
    grants::check,
    brokers::check,
    journal::check,
    unread_topics::check,
    unused_plugins::check,
    earliest::check,
    batch_bounds::check,
    limits::check,
];
