//! What a run has to do with the journal that an earlier one left: what becomes of things that are
//! declared no longer, why it may not start, what it found.

use std::path::Path;

use millstream_pipeline::{
    BrokerPlan, JournalFault, JournalPlan, Kept, Leftover as LeftoverFault, Plan, journal_findings,
};
use millstream_queue::{Kind, Leftover, Named, OpenError, Recovered, Rename};
use millstream_runner::{Changes, Report};
use serde_json::{Value, json};

use super::Pipeline;
use super::summary::elapsed;
use crate::arguments::{Changes as Typed, Run};
use crate::command::journal;
use crate::failure::Failure;
use crate::print::{Format, counted};
use crate::{logs, pipeline_file};

/// What `--drop` and `--rename` say, as far as the pipeline tells whether it makes sense. What the
/// journal holds is not known yet.
///
/// # Errors
/// They speak of a journal and there is none, or give a name that the file does not have.
pub(super) fn changes(typed: &Typed, plan: &Plan) -> Result<Changes, Failure> {
    let Typed { drops, renames } = typed;
    let asked = !drops.is_empty() || !renames.is_empty();
    if asked && planned(plan).is_none() {
        let text = "--drop and --rename say what becomes of a journal's messages, and this \
                    pipeline keeps its messages in memory";
        return Err(Failure::wrong(text));
    }
    fit(renames, plan).map_err(Failure::wrong)?;
    Ok(Changes { drops: drops.clone(), renames: renames.clone() })
}

/// Whether the pipeline has a place for what is renamed.
pub(super) fn fit(renames: &[Rename], plan: &Plan) -> Result<(), String> {
    let mut all = renames.iter().enumerate();
    all.try_for_each(|(place, one)| fits(one, &renames[..place], plan))
}

fn fits(one: &Rename, before: &[Rename], plan: &Plan) -> Result<(), String> {
    let Rename { kind, from, to } = one;
    let given = format!("--rename {kind}:{from}={to}");
    let declared = |name: &str| names(plan, *kind).any(|declared| declared == name);
    let twice = |other: &Rename| other.kind == *kind && (other.from == *from || other.to == *to);
    if !declared(to) {
        return Err(format!("{given}: the pipeline file declares no {kind} `{to}`"));
    }
    if declared(from) {
        return Err(format!("{given}: the pipeline file still declares the {kind} `{from}` too"));
    }
    if before.iter().any(twice) {
        return Err(format!("{given}: one of these names is given twice"));
    }
    Ok(())
}

fn names(plan: &Plan, kind: Kind) -> Box<dyn Iterator<Item = &str> + '_> {
    match kind {
        Kind::Topic => Box::new(plan.topics.iter().map(|topic| topic.name.as_str())),
        Kind::Subscription => Box::new(plan.subscriptions.iter().map(|one| one.name.as_str())),
    }
}

fn planned(plan: &Plan) -> Option<&JournalPlan> {
    match &plan.broker {
        BrokerPlan::Journal(journal) => Some(journal),
        BrokerPlan::Memory => None,
    }
}

/// Shows why the journal forbids the start, as findings in the pipeline file, and says how to end.
/// What `--drop` and `--rename` ask for in vain is wrong with the command line instead.
pub(super) fn refuse(error: OpenError, pipeline: &Pipeline, args: &Run, format: Format) -> Failure {
    let failure = match error {
        OpenError::Leftover(_) => Failure::Findings,
        _ => Failure::Unusable,
    };
    let folder = planned(&pipeline.plan).map_or(Path::new(""), |journal| &journal.path);
    if let OpenError::Unheld { unheld, held } = &error {
        return Failure::wrong(in_vain(unheld, held, &args.changes, folder));
    }
    let faults = faults(error, &args.changes.renames);
    let file = args.file.display().to_string();
    let findings = journal_findings(&pipeline.text, &file, folder, &faults);
    match pipeline_file::show(&findings, &pipeline.text, format) {
        Ok(()) => failure,
        Err(unshown) => unshown,
    }
}

/// What was asked for that is not there, and what is.
fn in_vain(unheld: &[Named], held: &[Named], typed: &Typed, folder: &Path) -> String {
    let option = |one: &Named| match typed.drops.contains(one) {
        true => format!("--drop {}:{}", one.kind, one.name),
        false => format!("--rename {}:{}=…", one.kind, one.name),
    };
    let asked: Vec<String> = unheld.iter().map(option).collect();
    let of_kind = |kind: Kind| {
        let names = held.iter().filter(|one| one.kind == kind).map(|one| format!("`{}`", one.name));
        match names.collect::<Vec<_>>() {
            none if none.is_empty() => format!("no {kind}"),
            names => format!("the {kind}s {}", names.join(", ")),
        }
    };
    format!(
        "{}: the journal in {} does not hold that; it holds {} and {}. What an earlier start has \
         dropped or renamed is not asked for again",
        asked.join(", "),
        folder.display(),
        of_kind(Kind::Topic),
        of_kind(Kind::Subscription)
    )
}

fn faults(error: OpenError, renames: &[Rename]) -> Vec<JournalFault> {
    vec![match error {
        OpenError::Leftover(leftovers) => {
            let fault = |one| JournalFault::Leftover(leftover(one, renames));
            return leftovers.into_iter().map(fault).collect();
        }
        OpenError::Damaged(damage) => {
            JournalFault::Damaged { file: damage.file, offset: damage.offset, what: damage.what }
        }
        OpenError::Locked => JournalFault::InUse,
        OpenError::Format(what) => JournalFault::UnknownFormat(what),
        OpenError::Io(what) => JournalFault::Unusable(what),
        // Told of the command line, not of the file; or of what no checked file says.
        other @ (OpenError::Unheld { .. } | OpenError::Incoherent) => {
            JournalFault::Unusable(other.to_string())
        }
    }]
}

pub(super) fn leftover(one: Leftover, renames: &[Rename]) -> LeftoverFault {
    let Leftover { what, messages, why } = one;
    let renamed =
        renames.iter().find(|rename| rename.kind == what.kind && rename.from == what.name);
    LeftoverFault {
        kind: match what.kind {
            Kind::Topic => Kept::Topic,
            Kind::Subscription => Kept::Subscription,
        },
        name_now: renamed.map_or(&what.name, |rename| &rename.to).clone(),
        name: what.name,
        messages,
        why,
    }
}

/// What a run with a journal began with.
pub(super) struct Began {
    /// What the journal held.
    pub(super) recovered: Recovered,
    /// The figures, which go on from run to run.
    pub(super) report: Report,
}

/// Says what the journal held, and what of it was lost.
pub(super) fn announce(pipeline: &Pipeline, recovered: &Recovered) {
    let Some(journal) = planned(&pipeline.plan) else { return };
    told(&journal.path, recovered).iter().for_each(|line| logs::say(line));
    if let Some(before) = &recovered.text {
        let name = &pipeline.plan.name;
        logs::say(&match *before == pipeline.text {
            true => format!("`{name}` goes on as it was run or applied last"),
            false => {
                format!("`{name}`: the file is not the one that was run or applied last; it is now")
            }
        });
    }
}

fn told(folder: &Path, recovered: &Recovered) -> Vec<String> {
    let folder = folder.display();
    let Recovered { records, messages, took, leases_returned, cut, lost, .. } = recovered;
    let returned = match leases_returned {
        0 => String::new(),
        leases => format!(", {} of the process before given back", counted(*leases, "lease")),
    };
    let waiting = format!("{} waiting", counted(*messages, "message"));
    let read = format!("{} read in {}", counted(*records, "record"), elapsed(*took));
    let cut = cut.as_ref().map(|cut| {
        let tail = journal::tail(cut);
        format!(
            "warning: the journal in {folder} was cut: {tail}; nothing in it was answered, and it \
             is kept in a folder `quarantine-TIME` there"
        )
    });
    let lost = (*lost > 0).then(|| {
        let records = counted(*lost, "record");
        format!("warning: the journal in {folder} lacks {records} that a repair left out")
    });
    let found = match (*records, *messages) {
        (0, 0) => format!("journal {folder}: empty"),
        _ => format!("journal {folder}: {waiting}{returned}; {read}"),
    };
    [found].into_iter().chain(cut).chain(lost).collect()
}

/// What the journal held, for programs.
pub(super) fn document(recovered: &Recovered) -> Value {
    let Recovered { records, messages, took, leases_returned, cut, lost, .. } = recovered;
    json!({
        "records": records,
        "messages": messages,
        "seconds": took.as_secs_f64(),
        "leases_returned": leases_returned,
        "cut": cut.as_ref().map(journal::tail_document),
        "lost": lost,
    })
}

#[cfg(test)]
mod tests;
