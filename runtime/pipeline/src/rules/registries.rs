//! MS0409: a place in a registry must be one.

use millstream_formats::OciReference;

use super::Context;
use crate::code::Code;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, plugin) in context.plugins() {
        let Some(source) = plugin.source.as_deref().filter(|text| OciReference::is_meant(text))
        else {
            continue;
        };
        if let Err(error) = OciReference::parse(source) {
            report.add(
                Code::BadReference,
                route.key("source"),
                error.to_string(),
                "write it as `oci://registry/name:tag`, or with `@sha256:DIGEST`",
            );
        }
    }
}
