//! `journal …`: what can be done with a journal while nothing has it open.

mod repair;
mod stats;
mod verify;

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use millstream_queue::journal::{Cut, Disk, Folder, LogError};
use serde_json::{Value, json};

use crate::arguments::JournalCommand;
use crate::failure::Failure;
use crate::print::{Format, counted};

/// How the names of a journal's own files begin and end.
const NAMES: [(&str, &str); 2] = [("segment-", ".log"), ("checkpoint-", ".idx")];

/// Does what the command line says.
pub(super) fn execute(command: &JournalCommand, format: Format) -> Result<(), Failure> {
    match command {
        JournalCommand::Verify(args) => verify::execute(&args.dir, format),
        JournalCommand::Repair(args) => repair::execute(&args.dir, format),
        JournalCommand::Stats(args) => stats::execute(&args.dir, format),
    }
}

/// How a folder is opened: to look at it only, or to change it.
type Opens = fn(PathBuf) -> std::io::Result<Folder>;

/// The journal in a folder. Looked for before anything is locked, since to lock is to make a file.
fn open(dir: &Path, opens: Opens) -> Result<Folder, Failure> {
    let shown = dir.display();
    let cannot = |error| Failure::wrong(format!("there is no journal in {shown}: {error}"));
    let folder = opens(dir.to_owned()).map_err(cannot)?;
    let names = folder.list().map_err(cannot)?;
    let is_own = |name: &String| {
        NAMES.iter().any(|(start, end)| name.starts_with(start) && name.ends_with(end))
    };
    if names.iter().any(is_own) {
        return Ok(folder);
    }
    Err(Failure::wrong(format!(
        "there is no journal in {shown}: expected the folder that `broker.journal.path` names"
    )))
}

/// Why nothing came of it, with the way on.
fn failed(dir: &Path, error: LogError) -> Failure {
    let shown = dir.display();
    Failure::Failed(match error {
        LogError::InUse => anyhow!(
            "the journal in {shown} is in use: stop the host that has it, or look at a copy"
        ),
        LogError::Damaged(damage) => {
            anyhow!("the journal in {shown}: {damage}; `journal verify` names all of it")
        }
        other => anyhow::Error::new(other).context(format!("the journal in {shown}")),
    })
}

/// A torn tail for people.
pub(crate) fn tail(cut: &Cut) -> String {
    format!(
        "{} from byte {} on, {} that a crash left unfinished after record {}",
        cut.file,
        cut.offset,
        counted(cut.bytes, "byte"),
        cut.last_sequence
    )
}

/// A torn tail for programs.
pub(crate) fn tail_document(cut: &Cut) -> Value {
    json!({
        "file": cut.file,
        "offset": cut.offset,
        "bytes": cut.bytes,
        "last_sequence": cut.last_sequence,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use millstream_queue::journal::Folder;

    use super::open;
    use crate::failure::Failure;

    #[test]
    fn only_a_folder_with_a_journals_files_is_opened() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for wrong in [here.to_owned(), here.join("Cargo.toml"), here.join("nowhere")] {
            assert!(
                matches!(open(&wrong, Folder::open), Err(Failure::Wrong(_))),
                "{}",
                wrong.display()
            );
        }
        assert!(!here.join("lock").exists(), "a folder that holds no journal was locked");
    }
}
