//! A pipeline file and everything a check of it has to open: the file itself and its plugins.

mod plugins;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use bytes::Bytes;
use millstream_formats::OciReference;
use millstream_pipeline::{
    Checked, ComponentSource, Draft, Finding, Plan, Severity, parse, render,
};
use millstream_plugin_host::Host;

use self::plugins::Found;
use crate::failure::Failure;
use crate::print::{self, Format};
use crate::{logs, print::counted};

/// Largest pipeline file that is read at all: whatever else was named by mistake is not taken in.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Largest component that is read: as large as an upload may be.
pub(crate) const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// What a check should take into account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// What is done with plugins.
    pub(crate) plugins: Plugins<'a>,
    /// Whether anything will serve HTTP.
    pub(crate) http: bool,
}

/// How far a check goes with plugins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plugins<'a> {
    /// They are not opened.
    Ignore,
    /// They are read, to know what they are.
    Inspect(&'a Host),
    /// They are also compiled, and judge their configuration.
    Rehearse(&'a Host),
}

/// A pipeline file that was checked.
pub(crate) struct PipelineFile {
    /// The file's text.
    pub(crate) text: String,
    checked: Checked,
    /// The bytes of the plugins that could be opened, by name.
    components: BTreeMap<String, Bytes>,
    origins: Vec<Origin>,
    /// Plugins that could not be read or are none: the machine's fault rather than the file's.
    unusable: usize,
}

/// A plugin that came from a registry.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The plugin's name.
    pub(crate) plugin: String,
    /// The digest of its bytes.
    pub(crate) digest: String,
    /// Where it came from, with the digest of the manifest that was there.
    pub(crate) reference: OciReference,
}

impl PipelineFile {
    /// Reads the file, opens its plugins, checks all of it.
    ///
    /// # Errors
    /// The file could not be read. Whatever is wrong in it is a finding.
    pub(crate) async fn open(path: &Path, opening: Opening<'_>) -> Result<Self, Failure> {
        let text = read_text(path).map_err(Failure::Wrong)?;
        let base = path.parent().unwrap_or(Path::new(""));
        Ok(Self::of(text, &path.display().to_string(), base, opening).await)
    }

    /// As [`PipelineFile::open`], of a text that findings call `name` and whose relative paths start
    /// at `base`.
    pub(crate) async fn of(text: String, name: &str, base: &Path, opening: Opening<'_>) -> Self {
        let draft = || draft(&text, name, base, opening.http);
        let mut found = match opening.plugins {
            Plugins::Ignore => Found::default(),
            Plugins::Inspect(host) | Plugins::Rehearse(host) => Found::of(&draft(), host).await,
        };
        let mut checked = draft().check(&found.facts);
        if let (Plugins::Rehearse(host), Some(plan)) = (opening.plugins, &checked.plan) {
            // What the plan says of them can only be tried once there is a plan.
            found.rehearse(plan, host).await;
            checked = draft().check(&found.facts);
        }
        let Found { components, origins, unusable, .. } = found;
        Self { text, checked, components, origins, unusable }
    }

    /// Whether a finding forbids the pipeline to run.
    pub(crate) fn has_errors(&self) -> bool {
        self.checked.plan.is_none()
    }

    /// Shows the findings.
    pub(crate) fn show(&self, format: Format) -> Result<(), Failure> {
        show(&self.checked.findings, &self.text, format)
    }

    /// What there is to say.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.checked.findings
    }

    /// Those of its plugins that came from a registry.
    pub(crate) fn origins(&self) -> Vec<Origin> {
        self.origins.clone()
    }

    /// The plan, and the bytes of each plugin in it.
    ///
    /// # Errors
    /// The findings, which [`Self::show`] shows, forbid it.
    pub(crate) fn into_plan(self) -> Result<(Plan, BTreeMap<String, Bytes>, String), Failure> {
        let errors = self
            .checked
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count();
        let failure = if errors == self.unusable { Failure::Unusable } else { Failure::Findings };
        let plan = self.checked.plan.ok_or(failure)?;
        Ok((plan, self.components, self.text))
    }
}

/// Where the plugins of the file are found.
///
/// # Errors
/// The file could not be read.
pub(crate) fn sources(path: &Path) -> Result<Vec<ComponentSource>, Failure> {
    let text = read_text(path).map_err(Failure::Wrong)?;
    let (name, base) = (path.display().to_string(), path.parent().unwrap_or(Path::new("")));
    let draft = draft(&text, &name, base, true);
    Ok(draft.components().into_iter().map(|(_, source)| source).collect())
}

fn draft(text: &str, name: &str, base: &Path, http: bool) -> Draft {
    let variable = |name: &str| std::env::var(name).ok();
    let draft = parse(text, name, base, &variable);
    if http { draft } else { draft.without_http() }
}

/// Shows findings, none included: to people on stderr, as one JSON array on stdout where that was
/// asked for. `text` is the file they are about.
pub(crate) fn show(findings: &[Finding], text: &str, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return print::json(&findings);
    }
    if !findings.is_empty() {
        let rendered = render(findings, text, logs::stderr_has_color());
        logs::say(&format!("{rendered}{}", summary(findings)));
    }
    Ok(())
}

/// The bytes of a component file.
pub(crate) fn read_component(path: &Path) -> anyhow::Result<Bytes> {
    read_bounded(path, COMPONENT_BYTES_MAX).map(Bytes::from)
}

pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = read_bounded(path, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|error| {
        anyhow::anyhow!(
            "{} is not UTF-8 text from byte {} on",
            path.display(),
            error.utf8_error().valid_up_to()
        )
    })
}

fn read_bounded(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("could not open {shown}"))?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("could not read {shown}"))?;
    if bytes.len() as u64 > bytes_max {
        bail!("{shown} is larger than {} MiB", bytes_max >> 20);
    }
    Ok(bytes)
}

fn summary(findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let parts = [(errors, "error"), (warnings, "warning")];
    let said = parts.iter().filter(|(number, _)| *number > 0);
    let said: Vec<String> = said.map(|(number, noun)| counted(*number as u64, noun)).collect();
    format!("{}; `millstream explain CODE` says more about each", said.join(", "))
}
