//! `plugins`: the plugins of the running host and their versions.

use super::{cell, list};
use crate::failure::Failure;
use crate::print::Format;
use crate::remote::Remote;

pub(super) fn execute(host: &Remote, format: Format) -> Result<(), Failure> {
    let plugins = host.get(&["v1", "plugins"], &[])?;
    list(&plugins, format, ["PLUGIN", "WORLD", "SUBSCRIPTIONS", "DIGEST"], &[], |plugin| {
        let served = plugin["subscriptions"].as_array().into_iter().flatten();
        let served: Vec<&str> = served.filter_map(|name| name.as_str()).collect();
        let version = &plugin["versions"][0];
        [cell(plugin, "name"), cell(plugin, "world"), served.join(" "), cell(version, "digest")]
    })
}
