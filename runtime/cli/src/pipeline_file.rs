//! A pipeline file and everything a check of it has to open: the file itself and its plugins.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use bytes::Bytes;
use millstream_pipeline::{
    Checked, ComponentSource, Draft, Finding, Plan, PluginFacts, PluginFault, Severity, World,
    parse, render,
};
use millstream_plugin_host::{Host, Inspection};
use millstream_workshop::WorkshopError;

use crate::failure::Failure;
use crate::print::{self, Format};
use crate::{logs, print::counted};

/// Largest pipeline file that is read at all: whatever else was named by mistake is not taken in.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Largest component that is read: as large as an upload may be.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// What a check should take into account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    /// Whether plugins are opened.
    pub(crate) plugins: bool,
    /// Whether anything will serve HTTP.
    pub(crate) http: bool,
}

/// A pipeline file that was checked.
pub(crate) struct PipelineFile {
    /// The file's text.
    pub(crate) text: String,
    checked: Checked,
    /// The bytes of the plugins that could be opened, by name.
    components: BTreeMap<String, Bytes>,
    /// Plugins that could not be read or are none: the machine's fault rather than the file's.
    unusable: usize,
}

impl PipelineFile {
    /// Reads the file, opens its plugins, checks all of it.
    ///
    /// # Errors
    /// The file could not be read. Whatever is wrong in it is a finding.
    pub(crate) fn open(path: &Path, opening: Opening) -> Result<Self, Failure> {
        let text = read_text(path).map_err(Failure::Wrong)?;
        let base = path.parent().unwrap_or(Path::new(""));
        let variable = |name: &str| std::env::var(name).ok();
        let mut draft = parse(&text, &path.display().to_string(), base, &variable);
        if !opening.http {
            draft = draft.without_http();
        }
        let found = if opening.plugins { open_plugins(&draft) } else { Found::default() };
        let checked = draft.check(&found.facts);
        Ok(Self { text, checked, components: found.components, unusable: found.unusable })
    }

    /// Whether a finding forbids the pipeline to run.
    pub(crate) fn has_errors(&self) -> bool {
        self.checked.plan.is_none()
    }

    /// Shows the findings.
    pub(crate) fn show(&self, format: Format) -> Result<(), Failure> {
        show(&self.checked.findings, &self.text, format)
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

/// What was found of the plugins.
#[derive(Default)]
struct Found {
    facts: BTreeMap<String, Result<PluginFacts, PluginFault>>,
    components: BTreeMap<String, Bytes>,
    unusable: usize,
}

fn open_plugins(draft: &Draft) -> Found {
    let mut found = Found::default();
    for (name, source) in draft.components() {
        let fact = match component(&source) {
            Ok((bytes, inspection)) => {
                found.components.insert(name.clone(), bytes);
                Ok(facts(inspection))
            }
            Err(fault) => {
                found.unusable += usize::from(fault.of_machine);
                Err(fault.fault)
            }
        };
        found.facts.insert(name, fact);
    }
    found
}

/// Why a plugin cannot be used.
struct Fault {
    fault: PluginFault,
    of_machine: bool,
}

impl Fault {
    fn of_machine(message: String, help: &str) -> Self {
        Self { fault: PluginFault { message, help: help.to_owned() }, of_machine: true }
    }
}

fn component(source: &ComponentSource) -> Result<(Bytes, Inspection), Fault> {
    let path = match source {
        ComponentSource::File(path) => path.clone(),
        ComponentSource::Folder(folder) => {
            millstream_workshop::component_path(folder).map_err(unbuilt)?
        }
    };
    let bytes = read_component(&path).map_err(|error| {
        Fault::of_machine(
            format!("{error:#}"),
            "name a plugin folder or a .wasm file that this user may read",
        )
    })?;
    let inspection = Host::inspect(&bytes).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        Fault::of_machine(message, "name a component, or a core module with an embedded component type: `millstream build` makes one")
    })?;
    Ok((bytes, inspection))
}

fn unbuilt(error: WorkshopError) -> Fault {
    let help = error.help();
    let message = match error {
        // Its text would give the help a second time.
        WorkshopError::Unbuilt { reason, .. } => reason,
        other => other.to_string(),
    };
    Fault { fault: PluginFault { message, help }, of_machine: false }
}

/// The bytes of a component file.
pub(crate) fn read_component(path: &Path) -> anyhow::Result<Bytes> {
    read_bounded(path, COMPONENT_BYTES_MAX).map(Bytes::from)
}

fn read_text(path: &Path) -> anyhow::Result<String> {
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

fn facts(inspection: Inspection) -> PluginFacts {
    let digest = inspection.digest.to_string();
    PluginFacts {
        digest: digest.strip_prefix("sha256:").unwrap_or(&digest).to_owned(),
        world: match inspection.world {
            millstream_plugin_host::World::Message => World::Message,
            millstream_plugin_host::World::Batch => World::Batch,
        },
        imports: inspection.imports,
        exports: inspection.exports,
        needs: inspection.needs.iter().map(ToString::to_string).collect(),
    }
}

fn summary(findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let parts = [(errors, "error"), (warnings, "warning")];
    let said = parts.iter().filter(|(number, _)| *number > 0);
    let said: Vec<String> = said.map(|(number, noun)| counted(*number as u64, noun)).collect();
    format!("{}; `millstream explain CODE` says more about each", said.join(", "))
}
