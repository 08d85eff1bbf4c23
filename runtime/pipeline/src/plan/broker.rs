//! Where messages wait.

use std::path::PathBuf;
use std::time::Duration;

/// The one broker of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerPlan {
    /// The memory of the process: messages end with it.
    Memory,
    /// Files of this machine: messages outlive the process.
    Journal(JournalPlan),
}

/// A journal and its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPlan {
    /// The folder, with the pipeline file's folder already in front. It need not exist.
    pub path: PathBuf,
    /// What an answer means.
    pub sync: SyncPlan,
    /// Memory for payloads and all else that grows with the backlog, in bytes: beyond it payloads
    /// are on the disk only. At least as much as the largest message of any topic.
    pub memory_budget: u64,
    /// Disk space that publishes leave free, in bytes, so that settling always goes on.
    pub reserve: u64,
    /// Size of one file of the journal, in bytes.
    pub segment_bytes: u64,
}

/// When what was written is forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPlan {
    /// Before every answer: what was answered survives a power cut.
    Always,
    /// This often: what was answered survives the end of the process; a power cut loses at most
    /// this much of the latest.
    Interval(Duration),
    /// Whenever the system pleases: what was answered survives the end of the process only.
    Never,
}
