//! Which hostile guests there are. Read by the build script of the tests as well.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// What lies beside the groups of guests.
const NO_GROUPS: [&str; 3] = ["parts", "src", "wit"];

/// The guests under `folder` as `GROUP/NAME`, in order.
pub(crate) fn guests(folder: &Path) -> io::Result<Vec<String>> {
    let mut guests = Vec::new();
    for group in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        if !NO_GROUPS.contains(&stem(&group).as_str()) {
            let sources = entries(&group)?.into_iter();
            guests.extend(sources.map(|source| format!("{}/{}", stem(&group), stem(&source))));
        }
    }
    Ok(guests)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What lies in `folder`, in order.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}
