//! The list of mutations: `mutations.toml`.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// One small change of one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutation {
    /// What is wrong with it.
    pub(crate) name: String,
    /// The file, seen from `runtime/queue/src`.
    pub(crate) file: String,
    /// A text that occurs there exactly once.
    pub(crate) before: String,
    /// What stands there instead.
    pub(crate) after: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    mutation: Vec<Mutation>,
}

pub(crate) fn mutations() -> Result<Vec<Mutation>> {
    let Catalogue { mutation: mutations } =
        toml::from_str(include_str!("../mutations.toml")).context("mutations.toml")?;
    let mut names: Vec<&str> = mutations.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    ensure!(twice.is_none(), "mutations.toml names two mutations alike: {twice:?}");
    Ok(mutations)
}
