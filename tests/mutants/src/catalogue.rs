//! The sets of mutations: `mutations/*.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Each set by its name.
const SETS: [(&str, &str); 2] = [
    ("core", include_str!("../mutations/core.toml")),
    ("journal", include_str!("../mutations/journal.toml")),
];

/// Mutations of one thing, and the tests that must notice them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Set {
    #[serde(skip)]
    pub(crate) name: String,
    /// Asked one after the other until one notices something: the quick ones first.
    #[serde(rename = "judge")]
    pub(crate) judges: Vec<Judge>,
    #[serde(rename = "mutation")]
    pub(crate) mutations: Vec<Mutation>,
}

/// A test target of the queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Judge {
    /// What of `cargo test` names it.
    pub(crate) target: Vec<String>,
    /// How much it tries.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// The longest it may run: broken code may go round, or wait, for ever.
    pub(crate) seconds_max: u64,
}

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

impl Judge {
    /// The same with at least so much time.
    pub(crate) fn given(&self, time: Duration) -> Self {
        Self { seconds_max: self.seconds_max.max(time.as_secs()), ..self.clone() }
    }
}

/// All sets; no two mutations have the same name.
pub(crate) fn sets() -> Result<Vec<Set>> {
    let read = |(name, text): (&str, &str)| -> Result<Set> {
        let set: Set = toml::from_str(text).with_context(|| format!("mutations/{name}.toml"))?;
        Ok(Set { name: name.to_owned(), ..set })
    };
    let sets = SETS.into_iter().map(read).collect::<Result<Vec<Set>>>()?;
    let all = sets.iter().flat_map(|set| &set.mutations);
    let mut names: Vec<&str> = all.map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    ensure!(twice.is_none(), "two mutations have one name: {twice:?}");
    Ok(sets)
}

impl Set {
    /// Those that are wanted: by their name or that of their set. All of them when nobody is named.
    pub(crate) fn only(self, wanted: &[String]) -> Self {
        let all = wanted.is_empty() || wanted.contains(&self.name);
        let mutations = self.mutations.into_iter().filter(|one| all || wanted.contains(&one.name));
        Self { mutations: mutations.collect(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::sets;

    #[test]
    fn every_mutation_changes_a_text_that_occurs_once() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/queue/src");
        let mut wrong = Vec::new();
        for one in sets().unwrap().iter().flat_map(|set| &set.mutations) {
            let text = std::fs::read_to_string(sources.join(&one.file)).unwrap_or_default();
            let found = text.matches(&one.before).count();
            if found != 1 {
                wrong.push(format!("{} ({}): {found} times", one.name, one.file));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
