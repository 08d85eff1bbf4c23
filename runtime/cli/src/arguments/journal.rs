//! What the commands take that have to do with a journal on disk.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use millstream_queue::{Named, Rename};

use super::forms::{named, rename};

/// `journal …`.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Read all of a journal and name every damaged place. Changes nothing.
    Verify(JournalFolder),
    /// Put what cannot be read aside, keep the rest, and say what is lost. Deletes nothing.
    Repair(JournalFolder),
    /// Say what files a journal has and what is in them.
    Stats(JournalFolder),
}

/// A journal that no host has open.
#[derive(Debug, Args)]
pub(crate) struct JournalFolder {
    /// The journal's folder: `broker.journal.path` of the pipeline file.
    pub(crate) dir: PathBuf,
}

/// What becomes of messages that the pipeline file has no place for.
#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// Give up the messages that wait in it, for good: `topic:NAME` or `subscription:NAME`; may be
    /// repeated.
    #[arg(long = "drop", value_name = "KIND:NAME", value_parser = named)]
    pub(crate) drops: Vec<Named>,
    /// It has another name now: `topic:OLD=NEW` or `subscription:OLD=NEW`; may be repeated.
    #[arg(long = "rename", value_name = "KIND:OLD=NEW", value_parser = rename)]
    pub(crate) renames: Vec<Rename>,
}

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The folder whose disk is measured: where a journal is or would be. Some 4 MiB are written
    /// there and removed again.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}
