//! MS0311: two sinks in one file would mix their lines, and a source that reads what a sink writes
//! would never end.

use std::collections::HashMap;
use std::path::PathBuf;

use super::Context;
use crate::code::Code;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let mut users: HashMap<PathBuf, String> = HashMap::new();
    for (_, name, source) in context.sources() {
        if let Some(path) = source.file.as_ref().and_then(|file| file.path.as_deref()) {
            // Two sources may read one file; only a sink makes it a conflict.
            users.entry(context.path(path)).or_insert_with(|| format!("the source `{name}` reads"));
        }
    }
    for (route, name, subscription) in context.subscriptions() {
        let file = subscription.sink.as_ref().and_then(|sink| sink.file.as_ref());
        let Some(path) = file.and_then(|file| file.path.as_deref()) else { continue };
        match users.get(&context.path(path)) {
            Some(user) => {
                let message = format!("{user} the file `{path}` too");
                let route = route.key("sink").key("file").key("path");
                report.add(Code::SharedFile, route, message, "give each its own file");
            }
            None => {
                users.insert(context.path(path), format!("the subscription `{name}` writes"));
            }
        }
    }
}
