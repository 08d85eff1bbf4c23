//! `doctor [DIR]`: whether this machine is fit to run pipelines and to build plugins.

mod disk;
mod machine;
mod toolchains;

use std::path::Path;

use anyhow::anyhow;
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;
use crate::print::{self, Format};

/// What one look found.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    /// What was found.
    says: String,
    /// What to do about it; empty where all is well.
    #[serde(skip_serializing_if = "String::is_empty")]
    hint: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Fine,
    /// Something does without; what, the hint says.
    Missing,
    /// Pipelines cannot run.
    Broken,
}

impl Check {
    fn fine(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: State::Fine, says: says.into(), hint: String::new() }
    }

    fn missing(name: &'static str, says: impl Into<String>, hint: &str) -> Self {
        Self { name, state: State::Missing, says: says.into(), hint: hint.to_owned() }
    }

    fn broken(name: &'static str, says: impl Into<String>, hint: &str) -> Self {
        Self { state: State::Broken, ..Self::missing(name, says, hint) }
    }

    fn line(&self) -> String {
        let mark = match self.state {
            State::Fine => "ok",
            State::Missing => "-",
            State::Broken => "BROKEN",
        };
        let hint = if self.hint.is_empty() {
            String::new()
        } else {
            format!("\n{:<8}{:<13}-> {}", "", "", self.hint)
        };
        format!("{mark:<8}{:<13}{}{hint}", self.name, self.says)
    }
}

/// Looks at everything; `dir` is the folder whose disk is measured.
pub(super) fn execute(dir: &Path, format: Format) -> Result<(), Failure> {
    let measured = disk::measure(dir);
    let mut checks = vec![disk::check(dir, &measured)];
    checks.extend(machine::checks());
    checks.extend(toolchains::checks());
    match format {
        Format::Human => {
            let lines: Vec<String> = checks.iter().map(Check::line).collect();
            let modes = measured.as_ref().ok().map(disk::page).unwrap_or_default();
            print::text(&format!("{}{modes}", lines.join("\n")))?;
        }
        Format::Json => {
            let disk = measured.as_ref().ok().map(disk::document);
            print::json(&json!({ "path": dir, "checks": checks, "disk": disk }))?;
        }
    }
    verdict(&checks)
}

fn verdict(checks: &[Check]) -> Result<(), Failure> {
    let broken = checks.iter().filter(|check| check.state == State::Broken);
    match broken.map(|check| check.name).collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => Ok(()),
        names => Err(anyhow!("pipelines need what is broken here: {names}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, verdict};

    #[test]
    fn only_what_pipelines_need_to_run_fails() {
        let missing = Check::missing("go", "not found", "install it");
        assert!(verdict(&[Check::fine("disk", "fast"), missing]).is_ok());
        assert!(verdict(&[Check::broken("disk", "full", "make room")]).is_err());
    }
}
