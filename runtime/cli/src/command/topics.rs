//! `topics`: the topics of the running host.

use super::{cell, list};
use crate::failure::Failure;
use crate::print::Format;
use crate::remote::Remote;

pub(super) fn execute(host: &Remote, format: Format) -> Result<(), Failure> {
    let topics = host.get(&["v1", "topics"], &[])?;
    list(&topics, format, ["TOPIC", "KIND", "PUBLISHED", "DEPTH", "BYTES"], |topic| {
        ["name", "kind", "published", "depth", "bytes"].map(|name| cell(topic, name))
    })
}
