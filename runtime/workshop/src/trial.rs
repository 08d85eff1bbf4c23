//! Runs the cases of a plugin through the real host.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use millstream_message::{Batch, BatchBuilder, BatchTooLarge, MessageId};
use millstream_plugin_host::{
    CompileLimits, Grants, Host, Input, Instance, Limits, LoadError, Plugin, PluginSettings,
    StartFailure,
};

use crate::bless::{Blessed, bless as blessed};
use crate::case::{self, Case, Check, Expected, Given};
use crate::component::component_path;
use crate::difference::{self, Difference, Mismatch, Runs};
use crate::error::{Mistake, WorkshopError};
use crate::manifest::Manifest;
use crate::observed::{Observed, observe};
use crate::sources;

/// The largest component that is loaded.
const COMPONENT_BYTES_MAX: u64 = 256 << 20;
const COMPILE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Topic and subscription that the cases' messages seem to come from.
const PLACE: &str = "cases";

/// How one case went.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseReport {
    /// The case: its file's name without `.yaml`.
    pub name: String,
    /// Number of messages; 0 when it is about the configuration.
    pub messages: usize,
    /// Where the answers are not what the case expects.
    pub differences: Vec<Difference>,
    found: Found,
}

/// What the plugin did, if a case can say it.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    Answers(Vec<Observed>),
    Refusal(String),
    /// It did not start, or answered a batch otherwise than its messages singly.
    Neither,
}

impl CaseReport {
    /// Whether the plugin did all that the case expects.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Runs every case of the plugin folder `folder` in the order of their names: all its messages as
/// one batch, and each one singly. Needs a tokio runtime with time enabled. Give the host a compile
/// cache: a plugin is loaded once for each case, since each may have a configuration of its own.
///
/// # Errors
/// The folder, its component or a case is wrong. That a case fails is no error.
pub async fn test(folder: &Path, host: &Host) -> Result<Vec<CaseReport>, WorkshopError> {
    let cases = case::read_all(folder)?;
    let name = Manifest::read(folder)?.name;
    let path = component_path(folder)?;
    let component = Bytes::from(sources::read(&path, COMPONENT_BYTES_MAX)?);
    let mut reports = Vec::with_capacity(cases.len());
    for case in cases {
        let settings = PluginSettings {
            config: case.config.clone(),
            grants: Grants::without_reach(),
            limits: limits(),
        };
        let unusable = |source: LoadError| WorkshopError::NotAPlugin { path: path.clone(), source };
        let plugin = host.load(&name, component.clone(), settings).await.map_err(unusable)?;
        reports.push(run(case, &plugin).await?);
    }
    Ok(reports)
}

/// Those of a pipeline that sets none, but that compiling may take its time: a busy machine is no
/// fault of the plugin.
fn limits() -> Limits {
    let compile = CompileLimits { timeout: COMPILE_TIMEOUT, ..CompileLimits::default() };
    Limits { compile, ..Limits::default() }
}

/// Writes what came out into the case of `report`, which failed, in place of what it expected.
///
/// # Errors
/// What came out cannot be expected: the plugin does not start, or answers a batch otherwise than
/// its messages singly. Or the file cannot be written.
pub fn bless(folder: &Path, report: &CaseReport) -> Result<(), WorkshopError> {
    let file = folder.join("cases").join(&report.name).with_extension("yaml");
    let found = match &report.found {
        Found::Answers(answers) => Blessed::Answers(answers),
        Found::Refusal(reason) => Blessed::Refusal(reason),
        Found::Neither => {
            let message = "what came out cannot be expected: mend the plugin";
            return Err(Mistake::of_file(&file, message).into());
        }
    };
    let text = blessed(&file, &sources::read_text(&file, case::BYTES_MAX)?, &found)?;
    fs::write(&file, text).map_err(|error| WorkshopError::io("write", &file, error))
}

async fn run(case: Case, plugin: &Plugin) -> Result<CaseReport, WorkshopError> {
    let Case { name, check, .. } = case;
    let (messages, differences, found) = match (plugin.instantiate(PLACE, PLACE).await, check) {
        (Err(StartFailure::Pool(_)), _) => {
            return Err(WorkshopError::Host("no place for an instance".to_owned()));
        }
        (started, Check::ConfigRefused(text)) => {
            let failure = started.err();
            let found = refusal_of(failure.as_ref());
            (0, refusal(&text, failure, plugin), found)
        }
        (Err(failure), Check::Messages(pairs)) => {
            let mismatch =
                ("start".to_owned(), "the plugin starts".to_owned(), failure.to_string());
            (pairs.len(), vec![located(None, Runs::Both, mismatch)], refusal_of(Some(&failure)))
        }
        (Ok(instance), Check::Messages(pairs)) => {
            let stage = Stage::new(&name, plugin, &pairs)?;
            let (batch, instance) = stage.as_batch(instance).await?;
            let single = stage.singly(instance).await?;
            let differences = differences(&pairs, &batch, &single);
            (pairs.len(), differences, agreed(batch, &single))
        }
    };
    Ok(CaseReport { name, messages, differences, found })
}

fn refusal_of(failure: Option<&StartFailure>) -> Found {
    match failure {
        Some(StartFailure::ConfigRefused(reason)) => Found::Refusal(reason.clone()),
        _ => Found::Neither,
    }
}

/// The answers, where both runs gave the same.
fn agreed(batch: Vec<Observed>, single: &[Observed]) -> Found {
    let disagree = |(batch, single)| difference::disagreement(batch, single).is_some();
    match batch.iter().zip(single).any(disagree) {
        true => Found::Neither,
        false => Found::Answers(batch),
    }
}

/// Where a start is not the refusal that is expected.
fn refusal(text: &str, failure: Option<StartFailure>, plugin: &Plugin) -> Vec<Difference> {
    let found = match failure {
        Some(StartFailure::ConfigRefused(reason)) if reason.contains(text) => return Vec::new(),
        Some(failure) => failure.to_string(),
        None if plugin.inspection().lifecycle => "accepted".to_owned(),
        None => "accepted: the plugin exports no `lifecycle`, which would look at it".to_owned(),
    };
    let mismatch = ("configuration".to_owned(), format!("refused with {text:?}"), found);
    vec![located(None, Runs::Both, mismatch)]
}

fn differences(
    pairs: &[(Given, Expected)],
    batch: &[Observed],
    single: &[Observed],
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (i, (((_, expected), batch), single)) in pairs.iter().zip(batch).zip(single).enumerate() {
        let (in_batch, alone) =
            (difference::compare(expected, batch), difference::compare(expected, single));
        let disagreement = difference::disagreement(batch, single)
            .filter(|_| in_batch.is_empty() && alone.is_empty())
            .map(|mismatch| located(Some(i + 1), Runs::Both, mismatch));
        differences.extend(merged(i + 1, in_batch, alone));
        differences.extend(disagreement);
    }
    differences
}

/// What both runs get wrong in the same way is told once.
fn merged(message: usize, batch: Vec<Mismatch>, single: Vec<Mismatch>) -> Vec<Difference> {
    let (both, only_batch): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|mismatch| single.contains(mismatch));
    let only_single =
        single.into_iter().filter(|mismatch| !both.contains(mismatch)).collect::<Vec<_>>();
    [(Runs::Both, both), (Runs::Batch, only_batch), (Runs::Single, only_single)]
        .into_iter()
        .flat_map(|(runs, mismatches)| {
            mismatches.into_iter().map(move |m| located(Some(message), runs, m))
        })
        .collect()
}

fn located(message: Option<usize>, runs: Runs, (place, expected, found): Mismatch) -> Difference {
    Difference { message, runs, place, expected, found }
}

/// The messages of one case and the plugin that gets them.
struct Stage<'a> {
    plugin: &'a Plugin,
    batch: Batch,
    attempts: Vec<u32>,
}

impl<'a> Stage<'a> {
    fn new(
        case: &str,
        plugin: &'a Plugin,
        pairs: &[(Given, Expected)],
    ) -> Result<Self, WorkshopError> {
        let too_large = |error: BatchTooLarge| Mistake::of_file(Path::new(case), error.to_string());
        let mut batch = BatchBuilder::with_capacity(pairs.len(), 0);
        for (i, (given, _)) in pairs.iter().enumerate() {
            let id = MessageId::published(0, i as u128);
            let headers = given.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            batch.push(id, 0, given.key.as_deref(), headers, &given.payload).map_err(too_large)?;
        }
        let attempts = pairs.iter().map(|(given, _)| given.attempt).collect();
        Ok(Self { plugin, batch: batch.build(), attempts })
    }

    /// As the runner does it: all at once and, when that gets no answer, each one singly, so that
    /// only the message that fails alone is to blame. Gives back an instance that can go on.
    async fn as_batch(
        &self,
        mut instance: Instance,
    ) -> Result<(Vec<Observed>, Instance), WorkshopError> {
        let input = Input { batch: &self.batch, attempts: &self.attempts };
        let failure = match instance.call(input).await {
            Ok(answers) => {
                let observed = (0..self.batch.len()).map(|i| observe(&answers, i)).collect();
                return Ok((observed, self.fresh(instance).await?));
            }
            Err(failure) if failure.host_fault => return Err(WorkshopError::Host(failure.message)),
            Err(failure) => failure.to_string(),
        };
        let mut observed = self.singly(self.fresh(instance).await?).await?;
        if !observed.iter().any(|answer| matches!(answer, Observed::Failed(_))) {
            // No message fails alone, so the batch as such does.
            observed.fill(Observed::Failed(failure));
        }
        Ok((observed, self.start().await?))
    }

    async fn singly(&self, mut instance: Instance) -> Result<Vec<Observed>, WorkshopError> {
        let mut observed = Vec::with_capacity(self.batch.len());
        for i in 0..self.batch.len() {
            instance = self.fresh(instance).await?;
            let input =
                Input { batch: &self.batch.slice(i..i + 1), attempts: &self.attempts[i..=i] };
            observed.push(match instance.call(input).await {
                Ok(answers) => observe(&answers, 0),
                Err(failure) if failure.host_fault => {
                    return Err(WorkshopError::Host(failure.message));
                }
                Err(failure) => Observed::Failed(failure.to_string()),
            });
        }
        Ok(observed)
    }

    /// `instance`, or another one in its place when it is spent.
    async fn fresh(&self, instance: Instance) -> Result<Instance, WorkshopError> {
        if !instance.spent() {
            return Ok(instance);
        }
        drop(instance);
        self.start().await
    }

    /// It started before, so a failure to start now is news, not an answer.
    async fn start(&self) -> Result<Instance, WorkshopError> {
        let again = |failure: StartFailure| {
            WorkshopError::Host(format!("restarting the plugin: {failure}"))
        };
        self.plugin.instantiate(PLACE, PLACE).await.map_err(again)
    }
}
