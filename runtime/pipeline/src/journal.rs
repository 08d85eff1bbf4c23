//! MS0505 to MS0511: what only a start finds, when it opens the journal that an earlier one left, and
//! what only a running host finds, when a pipeline is applied to it.
//!
//! The caller opens it and hands in what was wrong; here it becomes findings like any other, with
//! the place in the file that has to do with it.

use std::path::Path;

use crate::code::Code;
use crate::document::Document;
use crate::finding::Finding;
use crate::report::Report;
use crate::route::Route;
use crate::suggest;

/// Why the journal forbids the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalFault {
    /// It holds messages that the file has no place for.
    Leftover(Leftover),
    /// It is damaged.
    Damaged {
        /// Name of the file in the journal's folder.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there: a lowercase fragment.
        what: String,
    },
    /// Another process has it open.
    InUse,
    /// Another version wrote it; the text says which: a lowercase fragment.
    UnknownFormat(String),
    /// The folder could not be made, read or written: a lowercase fragment.
    Unusable(String),
}

/// A topic or subscription of the journal that the file does not declare, or declares as something
/// else, and that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What it is.
    pub kind: Kept,
    /// Its name in the journal.
    pub name: String,
    /// Its name in the file, which is another one where the start renames it.
    pub name_now: String,
    /// Messages that would be lost: waiting, parked, delayed and dead letters.
    pub messages: u64,
    /// What is different, such as `is of kind event now, it was command`; shown only where the file
    /// declares it.
    pub why: String,
}

/// What a journal keeps messages by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A topic.
    Topic,
    /// A subscription.
    Subscription,
}

/// The findings of a start that its journal forbids, in the order of the file.
///
/// `text` and `file` are those that were checked, `folder` is the journal's
/// [`path`](crate::JournalPlan::path).
pub fn journal_findings(
    text: &str,
    file: &str,
    folder: &Path,
    faults: &[JournalFault],
) -> Vec<Finding> {
    let mut report = Report::default();
    let document = Document::read(text, file, &mut report);
    for fault in faults {
        add(&document, &folder.display().to_string(), fault, &mut report);
    }
    report.locate(&document)
}

/// Why a running host does not take a pipeline over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplyFault {
    /// It holds messages that the file has no place for.
    Leftover(Leftover),
    /// A setting that only a start takes.
    NeedsRestart {
        /// The keys that lead to it.
        route: Vec<String>,
        /// Its value now.
        from: String,
        /// Its value in the file.
        to: String,
    },
}

/// The findings of an apply that the running host forbids, in the order of the file.
pub fn apply_findings(text: &str, file: &str, faults: &[ApplyFault]) -> Vec<Finding> {
    let mut report = Report::default();
    let document = Document::read(text, file, &mut report);
    for fault in faults {
        match fault {
            ApplyFault::Leftover(leftover) => leftover.add(&document, &HOST, &mut report),
            ApplyFault::NeedsRestart { route, from, to } => {
                let place = route.iter().fold(Route::default(), |place, key| place.key(key));
                let setting = route.join(".");
                let message =
                    format!("`{setting}` cannot change while the host runs: {from} now, {to} here");
                let help = "put it back and apply the rest; or stop the host and run the file";
                report.add(Code::NeedsRestart, place, message, help);
            }
        }
    }
    report.locate(&document)
}

/// Who holds messages, and what gives them up.
struct Holder {
    name: &'static str,
    once: &'static str,
    /// Where what is no longer declared is said; none: where it would be.
    place: Option<[&'static str; 2]>,
}

const JOURNAL: Holder =
    Holder { name: "the journal", once: "start", place: Some(["broker", "journal"]) };
const HOST: Holder = Holder { name: "the host", once: "apply", place: None };

fn add(document: &Document, folder: &str, fault: &JournalFault, report: &mut Report) {
    let (code, message, help) = match fault {
        JournalFault::Leftover(leftover) => return leftover.add(document, &JOURNAL, report),
        JournalFault::Damaged { file, offset, what } => (
            Code::JournalDamaged,
            format!("the journal is damaged: {file} at byte {offset}: {what}"),
            format!(
                "`millstream journal verify {folder}` names all that is damaged, \
                 `millstream journal repair {folder}` puts it aside and says what is lost"
            ),
        ),
        JournalFault::InUse => (
            Code::JournalInUse,
            format!("another process has the journal in {folder} open"),
            "stop that process, or give this pipeline a folder of its own".to_owned(),
        ),
        JournalFault::UnknownFormat(what) => (
            Code::JournalFormat,
            format!("this version cannot read the journal in {folder}: {what}"),
            "run the version that wrote it until it is drained, or name another folder".to_owned(),
        ),
        JournalFault::Unusable(what) => (
            Code::JournalUnusable,
            format!("the journal in {folder} cannot be opened: {what}"),
            "name a folder on a disk with room that this user may write".to_owned(),
        ),
    };
    report.add(code, Route::of(["broker", "journal", "path"]), message, help);
}

impl Leftover {
    fn add(&self, document: &Document, holder: &Holder, report: &mut Report) {
        let Self { name, name_now, why, .. } = self;
        let Holder { name: held_by, once, .. } = holder;
        let (noun, section, fixed) = match self.kind {
            Kept::Topic => ("topic", "topics", "kind"),
            Kept::Subscription => ("subscription", "subscriptions", "topic"),
        };
        let held = match self.messages {
            0 => "no message".to_owned(),
            1 => "1 message".to_owned(),
            number => format!("{number} messages"),
        };
        let drop = format!("`--drop {noun}:{name}` gives them up");
        let declared = document.keys(&Route::of([section]));
        if declared.contains(&name_now.as_str()) {
            let message =
                format!("the {noun} `{name_now}` {why}, and {held_by} holds {held} of it");
            let help = format!("put it back and drain it first; {drop}");
            report.add(Code::JournalChanged, Route::of([section, name_now, fixed]), message, help);
        } else {
            let message = format!(
                "{held_by} holds {held} of the {noun} `{name}`, which is no longer declared"
            );
            let new = suggest::nearest(name, declared).unwrap_or("NEW");
            let help = format!(
                "declare it again until it is drained; or {once} once with one of these: \
                 `--rename {noun}:{name}={new}` gives them to `{new}`, {drop}"
            );
            let place = holder.place.map_or_else(|| Route::of([section]), Route::of);
            report.add(Code::JournalLeftover, place, message, help);
        }
    }
}
