//! The registries as this user may see them.

use std::env;
use std::path::PathBuf;

use anyhow::{Error, anyhow};
use millstream_formats::OciReference;
use millstream_registry::{PullError, Registries, Settings};

use crate::compile_cache;
use crate::pipeline_file::COMPONENT_BYTES_MAX;

/// What is fetched lies beside compiled code; credentials are those that docker has.
pub(crate) fn registries() -> Registries {
    Registries::new(Settings {
        store: compile_cache::folder().map(|folder| folder.join("registry")),
        credentials: docker_folder().map(|folder| folder.join("config.json")),
        component_bytes_max: COMPONENT_BYTES_MAX,
    })
}

/// Why nothing came, and what to do about it.
pub(crate) fn unpulled(reference: &OciReference, why: &PullError) -> Error {
    anyhow!("{reference}: {why}; {}", why.help())
}

fn docker_folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("DOCKER_CONFIG").or_else(|| Some(set("HOME")?.join(".docker")))
}
