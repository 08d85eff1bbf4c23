//! The names in the folder: a change of them lasts only once the folder was synced.

use std::collections::BTreeMap;

#[derive(Clone, Default)]
pub(super) struct Names {
    /// Name to inode, as the process sees it.
    pub(super) live: BTreeMap<String, usize>,
    pub(super) durable: BTreeMap<String, usize>,
    pub(super) unsynced: Vec<NameChange>,
    /// Files put away. They are out of reach for the journal, so when they last does not matter.
    pub(super) quarantined: BTreeMap<String, usize>,
}

/// A change of one or two names: all of it lasts or nothing.
#[derive(Clone, Debug)]
pub(super) struct NameChange {
    gone: Option<String>,
    new: Option<(String, usize)>,
}

impl Names {
    pub(super) fn create(&mut self, name: &str, inode: usize) {
        self.change(NameChange { gone: None, new: Some((name.to_owned(), inode)) });
    }

    pub(super) fn rename(&mut self, from: &str, to: &str, inode: usize) {
        let (gone, new) = (Some(from.to_owned()), Some((to.to_owned(), inode)));
        self.change(NameChange { gone, new });
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.change(NameChange { gone: Some(name.to_owned()), new: None });
    }

    pub(super) fn quarantine(&mut self, name: &str, inode: usize) {
        self.remove(name);
        self.quarantined.insert(name.to_owned(), inode);
    }

    /// As they would be after a sync.
    pub(super) fn all_synced(&self) -> Self {
        let mut names = self.clone();
        names.durable = names.live.clone();
        names.unsynced.clear();
        names
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// A sync failed: the changes are seen by the process and never reach the disk.
    pub(super) fn lose(&mut self) {
        self.unsynced.clear();
    }

    /// Files that take room.
    pub(super) fn inodes(&self) -> impl Iterator<Item = usize> {
        self.live.values().chain(self.quarantined.values()).copied()
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.live);
        self.unsynced.push(change);
    }
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, usize>) {
        if let Some(gone) = &self.gone {
            names.remove(gone);
        }
        if let Some((name, inode)) = &self.new {
            names.insert(name.clone(), *inode);
        }
    }
}
