//! What the commands take that change a plugin of a running host.

use std::path::PathBuf;

use clap::Args;

use super::forms::period;

/// `swap`.
#[derive(Debug, Args)]
pub(crate) struct Swap {
    /// The plugin, by its name in the pipeline file.
    pub(crate) plugin: String,
    /// Its new version: a plugin folder that is built, a `.wasm` file, or `oci://registry/name:tag`.
    pub(crate) source: PathBuf,
    /// First run both versions on so many messages without any effect, and compare.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) shadow: Option<u32>,
    /// Then give the new version this percentage of the keys, for as long as the probation.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) canary: Option<u8>,
    /// How long the new version is watched before it stays; 0 for not at all [default: 30s].
    #[arg(long, value_name = "DURATION", value_parser = period)]
    pub(crate) probation: Option<String>,
    /// Show every stage, and fail unless the new version stays.
    #[arg(long)]
    pub(crate) wait: bool,
}

/// A plugin of the running host.
#[derive(Debug, Args)]
pub(crate) struct OnePlugin {
    /// The plugin, by its name in the pipeline file.
    pub(crate) plugin: String,
}
