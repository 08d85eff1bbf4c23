//! A folder for one test.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder that is gone with its test.
pub struct Project {
    folder: TempDir,
    kept_on_failure: bool,
}

impl Project {
    /// An empty one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes a folder, which no default should")]
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("millstream-").expect("a temporary folder can be made");
        Self { folder, kept_on_failure: false }
    }

    /// An empty one that stays where it is if the test fails, for who wants to look into it.
    #[must_use]
    pub fn kept_on_failure() -> Self {
        let mut project = Self::new();
        project.kept_on_failure = true;
        project
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of something in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into it, with the folders above.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it has a folder"))
            .expect("folders can be made");
        std::fs::write(&path, content).expect("a file can be written");
        path
    }

    /// The lines of a file in it.
    #[must_use]
    pub fn lines(&self, name: &str) -> Vec<Vec<u8>> {
        let content =
            std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        content
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec())
            .collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if self.kept_on_failure && std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("what is left of it lies in {}", self.folder().display());
        }
    }
}
