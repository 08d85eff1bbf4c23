//! `swap`, `swap-status`, `rollback`: another version of a plugin of the running host.

mod page;

use std::path::Path;

use anyhow::anyhow;
use bytes::Bytes;
use millstream_formats::OciReference;
use millstream_registry::Pulled;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use self::page::{ending, page, stage};
use super::inspect::component_at;
use super::{answer, cell, number};
use crate::arguments::Swap;
use crate::failure::Failure;
use crate::pipeline_file::read_component;
use crate::print::{self, Format};
use crate::registries::{registries, unpulled};
use crate::remote::Remote;

/// Puts the version at the source in the place of the one that serves.
pub(super) fn execute(args: &Swap, host: &Remote, format: Format) -> Result<(), Failure> {
    let (bytes, source) = component(&args.source)?;
    let options = [
        ("shadow", args.shadow.map(|messages| messages.to_string())),
        ("canary", args.canary.map(|percent| percent.to_string())),
        ("probation", args.probation.clone()),
        ("source", source.map(|reference| reference.to_string())),
    ];
    let query: Vec<(&str, String)> =
        options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let request = host.post_with(&path(&args.plugin, "swap"), &query)?;
    let begun = host.send(request.header(CONTENT_TYPE, "application/wasm").body(bytes))?;
    if args.wait {
        return follow(begun, args, host, format);
    }
    let name = &args.plugin;
    let sentence =
        format!("the swap of `{name}` begins; `millstream swap-status {name}` says how it goes");
    answer(&begun, format, &sentence)
}

/// How the last swap goes, or went.
pub(super) fn status(plugin: &str, host: &Remote, format: Format) -> Result<(), Failure> {
    let status = host.get(&path(plugin, "swap"), &[])?;
    match format {
        Format::Json => print::json(&status),
        Format::Human => print::text(&page(&status)),
    }
}

/// Goes back to the version before.
pub(super) fn roll_back(plugin: &str, host: &Remote, format: Format) -> Result<(), Failure> {
    let reverted = host.tell(&path(plugin, "rollback"), &json!({}))?;
    let (from, to) = (cell(&reverted, "from"), cell(&reverted, "to"));
    answer(&reverted, format, &format!("`{plugin}` is back at {to}; {from} is gone"))
}

/// Shows stage after stage until the end, which is a failure if the version does not stay.
fn follow(begun: Value, args: &Swap, host: &Remote, format: Format) -> Result<(), Failure> {
    let (mut status, mut shown) = (begun, 0);
    loop {
        shown = show(&status, shown, format)?;
        if status["done"] == json!(true) {
            break;
        }
        let after = [("after", number(&status, "revision").to_string())];
        status = host.get(&path(&args.plugin, "swap"), &after)?;
    }
    match ending(&status) {
        None => Ok(()),
        Some(why) => Err(Failure::Failed(anyhow!(why))),
    }
}

/// Shows what is new since `shown` stages; answers how many there are.
fn show(status: &Value, shown: usize, format: Format) -> Result<usize, Failure> {
    let stages = status["stages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if stages.len() > shown {
        match format {
            Format::Json => {
                print::json_line(status)?;
            }
            Format::Human => {
                for one in &stages[shown..] {
                    print::text(&stage(status, one))?;
                }
            }
        }
    }
    Ok(stages.len())
}

/// The bytes at `source`, and where in a registry they came from.
fn component(source: &Path) -> Result<(Bytes, Option<OciReference>), Failure> {
    let text = source.to_string_lossy();
    if OciReference::is_meant(&text) {
        let reference = OciReference::parse(&text);
        let pulled = pull(&reference.map_err(|error| Failure::wrong(error.to_string()))?)?;
        return Ok((pulled.bytes, Some(pulled.reference)));
    }
    Ok((read_component(&component_at(source)?).map_err(Failure::Wrong)?, None))
}

#[tokio::main(flavor = "current_thread")]
async fn pull(reference: &OciReference) -> Result<Pulled, Failure> {
    let pulled = registries().pull(reference).await;
    pulled.map_err(|why| Failure::Failed(unpulled(reference, &why)))
}

fn path<'a>(plugin: &'a str, what: &'a str) -> [&'a str; 4] {
    ["v1", "plugins", plugin, what]
}
