//! A copy of the queue that may be broken.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::catalogue::Mutation;

/// The queue, and what it needs.
const CRATES: [&str; 2] = ["runtime/message", "runtime/queue"];

/// Levels of folders below a crate: stops a link that leads back up.
const DEPTH_MAX: usize = 8;

/// A workspace of its own with copies of the crates.
pub(crate) struct Scratch {
    folder: PathBuf,
}

/// A file of the copy that holds a mutation.
#[must_use = "a mutation that is not mended stays for the next"]
pub(crate) struct Broken {
    path: PathBuf,
    sound: String,
}

impl Scratch {
    /// Copies the crates afresh; what was built of them before is used again.
    pub(crate) fn create() -> Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let folder = repository.join("target/mutants");
        for name in CRATES {
            let copy = folder.join(name);
            if copy.exists() {
                fs::remove_dir_all(&copy)
                    .with_context(|| format!("removing {}", copy.display()))?;
            }
            copy_folder(&repository.join(name), &copy, DEPTH_MAX)?;
        }
        fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let manifest = fs::read_to_string(repository.join("Cargo.toml"))?;
        fs::write(folder.join("Cargo.toml"), workspace(&manifest)?)?;
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The copy of the queue.
    pub(crate) fn queue(&self) -> PathBuf {
        self.folder.join("runtime/queue")
    }

    /// Whether the text to change is there, once.
    pub(crate) fn check(&self, mutation: &Mutation) -> Result<()> {
        let Mutation { name, file, before, after } = mutation;
        let found = fs::read_to_string(self.path(mutation))
            .with_context(|| format!("mutation `{name}`: {file}"))?
            .matches(before.as_str())
            .count();
        ensure!(found == 1, "mutation `{name}`: its text occurs {found} times in {file}, not once");
        ensure!(before != after, "mutation `{name}` changes nothing");
        Ok(())
    }

    pub(crate) fn apply(&self, mutation: &Mutation) -> Result<Broken> {
        let path = self.path(mutation);
        let sound = fs::read_to_string(&path)?;
        fs::write(&path, sound.replacen(&mutation.before, &mutation.after, 1))?;
        Ok(Broken { path, sound })
    }

    fn path(&self, mutation: &Mutation) -> PathBuf {
        self.queue().join("src").join(&mutation.file)
    }
}

impl Broken {
    pub(crate) fn mend(self) -> Result<()> {
        fs::write(&self.path, self.sound).with_context(|| format!("{}", self.path.display()))
    }
}

/// The repository's manifest for these crates alone: same dependencies, lints and profiles.
fn workspace(manifest: &str) -> Result<String> {
    let mut manifest: toml::Table = manifest.parse().context("Cargo.toml")?;
    let workspace = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut);
    let workspace = workspace.context("Cargo.toml declares no workspace")?;
    workspace.remove("exclude");
    workspace.insert("members".to_owned(), CRATES.map(str::to_owned).to_vec().into());
    Ok(manifest.to_string())
}

fn copy_folder(from: &Path, to: &Path, depth: usize) -> Result<()> {
    ensure!(depth > 0, "{} lies too deep", from.display());
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &copy, depth - 1)?,
            false => drop(fs::copy(entry.path(), copy)?),
        }
    }
    Ok(())
}
