//! Opening a journal: the last checkpoint, the records after it, and what is declared now.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::checkpoint;
use super::disk::Disk;
use super::keeper::Keeper;
use super::log::{Archive, Cut, Damage, Log, LogError, LogOptions, Opened, Sync};
use super::replica::Replica;
use crate::clock::Now;
use crate::core::{Core, Declaration, Leftover, Named};

/// How a journal is kept.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// When what is written is forced to the disk.
    pub sync: Sync,
    /// Bytes of messages that stay in memory; what is beyond is read when it is leased.
    pub memory_budget: u64,
    /// Bytes of the disk that are left to settles, checkpoints and rewriting: publishes are refused
    /// while less is free.
    pub reserve: u64,
    /// Size of a file of the log, in bytes.
    pub segment_bytes: u64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        let (memory_budget, reserve) = (256 << 20, 64 << 20);
        Self { sync: Sync::Always, memory_budget, reserve, segment_bytes: 64 << 20 }
    }
}

/// What opening a journal found.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// Records that were stepped again.
    pub records: u64,
    /// Messages that wait, in all topics.
    pub messages: u64,
    /// How long it took.
    pub took: Duration,
    /// Leases of the process before that were given back.
    pub leases_returned: u64,
    /// The torn tail that was cut off.
    pub cut: Option<Cut>,
    /// Records that a repair had to leave out.
    pub lost: u64,
    /// The text of the pipeline file that it was declared by last; none for a new journal.
    pub text: Option<String>,
}

/// Why a journal does not open. Nothing was changed but a torn tail cut.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the journal is in use by another process; stop it first")]
    Locked,
    /// Stored bytes are not what was written.
    #[error("{0}; see `millstream journal verify`")]
    Damaged(Damage),
    /// Another version of this program wrote it.
    #[error("{0}")]
    Format(String),
    /// It holds what the pipeline does not declare.
    #[error("the journal holds what the pipeline no longer declares: {}", told(.0))]
    Leftover(Vec<Leftover>),
    /// What is to be dropped or renamed is not there.
    #[error("the journal does not hold {}; it holds {}", named(.unheld), named(.held))]
    Unheld {
        /// What was asked for.
        unheld: Vec<Named>,
        /// Its topics and subscriptions.
        held: Vec<Named>,
    },
    /// A subscription reads or feeds a topic that is not declared.
    #[error("a subscription names a topic that is not declared")]
    Incoherent,
    /// The disk answered an error.
    #[error("{0}")]
    Io(String),
}

impl From<LogError> for OpenError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Damaged(damage) => Self::Damaged(damage),
            LogError::Format(what) => Self::Format(what),
            LogError::InUse => Self::Locked,
            io @ LogError::Io { .. } => Self::Io(io.to_string()),
        }
    }
}

fn told(leftovers: &[Leftover]) -> String {
    let one = |one: &Leftover| format!("{} {} ({} messages)", one.what, one.why, one.messages);
    leftovers.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn named(all: &[Named]) -> String {
    let all: Vec<String> = all.iter().map(Named::to_string).collect();
    if all.is_empty() { "nothing yet".to_owned() } else { all.join(", ") }
}

/// A journal that was opened, and the core as it was.
pub(crate) struct Started {
    pub(crate) core: Core,
    pub(crate) keeper: Keeper,
    /// The time of the last record; none for a new journal.
    pub(crate) last: Option<Now>,
    pub(crate) recovered: Recovered,
}

/// Opens a journal for what is declared now. Nobody else may have it.
pub(crate) fn open(
    disk: Arc<dyn Disk>,
    options: JournalOptions,
    declaration: &Declaration,
    id: u128,
) -> Result<Started, OpenError> {
    let lock =
        disk.lock().map_err(LogError::io("locking the journal"))?.ok_or(OpenError::Locked)?;
    let (mut replica, log, opened, before) = replay(&disk, &options, id)?;
    if let Err(refused) = accounted(&mut replica, declaration) {
        // Who opens it later finds nothing to cut any more.
        opened.cut.iter().for_each(Cut::warn);
        return Err(refused);
    }
    let core = replica.core;
    let recovered = Recovered {
        records: opened.records,
        cut: opened.cut.clone(),
        lost: opened.lost,
        text: Some(core.pipeline_text()).filter(|text| !text.is_empty()).map(str::to_owned),
        ..Recovered::default()
    };
    let last = opened.last.map(|stamp| stamp.now).or(before.map(|(_, now)| now));
    let checkpointed = before.map_or(0, |(position, _)| position);
    let keeper = Keeper::new(disk, log, options, lock, checkpointed);
    Ok(Started { core, keeper, last, recovered })
}

/// Whether the declaration has a place for all that the journal holds.
fn accounted(replica: &mut Replica<'_>, declaration: &Declaration) -> Result<(), OpenError> {
    let unheld = replica.core.unheld(declaration);
    if !unheld.is_empty() {
        return Err(OpenError::Unheld { unheld, held: replica.core.held() });
    }
    let mut leftovers = replica.core.leftovers(declaration);
    replica.count_letters(&mut leftovers, declaration).map_err(OpenError::Damaged)?;
    if leftovers.is_empty() { Ok(()) } else { Err(OpenError::Leftover(leftovers)) }
}

type Replayed<'a> = (Replica<'a>, Log, Opened, Option<(u64, Now)>);

fn replay<'a>(
    disk: &'a Arc<dyn Disk>,
    options: &JournalOptions,
    id: u128,
) -> Result<Replayed<'a>, OpenError> {
    let found = checkpoint::newest(&**disk)?;
    let from = found.as_ref().map(|found| (found.position, found.last.1.now));
    let last = found.as_ref().map(|found| found.last.0);
    let core = found.map_or_else(Core::default, |found| found.core);
    let mut replica = Replica::new(core, Archive::new(&**disk), options.memory_budget);
    if let Some(last) = last {
        replica.goes_on_after(last);
        replica.fill().map_err(OpenError::Damaged)?;
    }
    let log_options = LogOptions {
        sync: options.sync,
        segment_bytes: options.segment_bytes,
        reserve: options.reserve,
        rules: super::RULES,
        id,
    };
    let from_position = from.map(|(position, _)| position);
    let (log, opened) =
        Log::open(disk.clone(), log_options, from_position, &mut |record| replica.step(record))?;
    Ok((replica, log, opened, from))
}
