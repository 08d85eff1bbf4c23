//! MS0313: HTTP sources live beside the host's own endpoints on one address.

use std::collections::HashMap;

use super::Context;
use crate::code::Code;
use crate::report::Report;

/// Endpoints of the host; everything under `/v1` is its own too.
const RESERVED: [&str; 5] = ["/", "/healthz", "/readyz", "/metrics", "/openapi.json"];
/// Longest path of a source, in bytes: it becomes part of every request line.
const PATH_MAX: usize = 256;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let mut users: HashMap<&str, &str> = HashMap::new();
    for (route, name, source) in context.sources() {
        let Some(path) = source.http.as_ref().and_then(|http| http.path.as_deref()) else {
            continue;
        };
        let fault = fault(path).or_else(|| {
            users.get(path).map(|user| {
                (
                    format!("the source `{user}` has the path `{path}` already"),
                    "give each source its own path",
                )
            })
        });
        match fault {
            Some((message, help)) => {
                report.add(Code::BadHttpPath, route.key("http").key("path"), message, help)
            }
            None => {
                users.insert(path, name);
            }
        }
    }
}

/// What `check` cannot know: that the host was told to open no address.
pub(crate) fn not_served(context: &Context<'_>, report: &mut Report) {
    for (route, name, _) in context.sources().filter(|(_, _, source)| source.http.is_some()) {
        let message =
            format!("the source `{name}` takes publishes over HTTP, which `--http off` turned off");
        report.add_at_key(
            Code::BadHttpPath,
            route.key("http"),
            message,
            "give `--http` an address, or take the source out",
        );
    }
}

fn fault(path: &str) -> Option<(String, &'static str)> {
    if RESERVED.contains(&path) || path == "/v1" || path.starts_with("/v1/") {
        return Some((
            format!("`{path}` belongs to the host's own endpoints"),
            "choose a path outside /v1, such as `/orders`",
        ));
    }
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let segment =
        |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
    let good = path.len() <= PATH_MAX
        && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment));
    (!good).then(|| {
        (
            format!("`{path}` is not a path"),
            "begin with `/`, then letters, digits, `-`, `_`, `.`, `~`, such as `/orders`",
        )
    })
}
