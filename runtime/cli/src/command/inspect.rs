//! `plugin inspect PATH`: what a component is, read from its types alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error};
use millstream_plugin_host::{CompileLimits, Inspection};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::pipeline_file::read_component;
use crate::plugin_host;
use crate::print::{self, Format, count};

pub(super) fn execute(path: &Path, format: Format) -> Result<(), Failure> {
    let path = component_at(path)?;
    let inspection = inspect(&path)?;
    match format {
        Format::Human => print::text(&page(&inspection)),
        Format::Json => print::json(&document(&path, &inspection)),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn inspect(path: &Path) -> Result<Inspection, Failure> {
    let bytes = read_component(path)?;
    let found = plugin_host::start()?.examine(bytes, CompileLimits::default()).await;
    Ok(found.with_context(|| path.display().to_string())?)
}

/// A component for people.
pub(super) fn page(inspection: &Inspection) -> String {
    let lifecycle = if inspection.lifecycle { ", checks its configuration" } else { "" };
    let needs: Vec<String> = inspection.needs.iter().map(ToString::to_string).collect();
    let line = |name: &str, value: &str| format!("{name:<8}  {value}");
    let mut lines = vec![
        line("digest", &inspection.digest.to_string()),
        line("size", &format!("{} bytes", count(inspection.size))),
        line("world", &format!("{}{lifecycle}", inspection.world)),
    ];
    lines.extend(inspection.imports.iter().map(|name| line("imports", name)));
    lines.extend(inspection.exports.iter().map(|name| line("exports", name)));
    lines.push(line(
        "grants",
        if needs.is_empty() { "none needed".to_owned() } else { needs.join(", ") }.as_str(),
    ));
    lines.join("\n")
}

/// A component for programs.
pub(super) fn document(path: &Path, inspection: &Inspection) -> Value {
    json!({
        "path": path,
        "digest": inspection.digest.to_string(),
        "size": inspection.size,
        "world": inspection.world.to_string(),
        "lifecycle": inspection.lifecycle,
        "imports": inspection.imports,
        "exports": inspection.exports,
        "needs": inspection.needs.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The component of a plugin folder, or the file itself.
pub(super) fn component_at(path: &Path) -> Result<PathBuf, Failure> {
    if path.is_dir() {
        return Ok(millstream_workshop::component_path(path).map_err(Error::new)?);
    }
    Ok(path.to_owned())
}
