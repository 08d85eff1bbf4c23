//! Which declared topic or subscription goes on as which.

/// What the ids follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// A declaration's places: nobody knows any id yet.
    Places,
    /// Whoever has an id keeps it: workers and publishers use it.
    Kept,
}

/// Which declared topic or subscription goes on as which.
#[derive(Debug)]
pub(super) struct Places {
    /// By declared place, the id.
    pub(super) ids: Vec<u32>,
    /// By id of before, the declared place.
    pub(super) declared: Vec<Option<usize>>,
}

impl Places {
    pub(super) fn new(declared: Vec<Option<usize>>, count: usize, ids: Ids) -> Self {
        let mut next = declared.len() as u32;
        let id = |place: usize| match (ids, declared.iter().position(|one| *one == Some(place))) {
            (Ids::Places, _) => place as u32,
            (Ids::Kept, Some(before)) => before as u32,
            (Ids::Kept, None) => {
                next += 1;
                next - 1
            }
        };
        let ids = (0..count).map(id).collect();
        Self { ids, declared }
    }

    /// The id of now of what had `id` before; none when it ends.
    pub(super) fn now(&self, id: u32) -> Option<u32> {
        Some(self.ids[self.declared[id as usize]?])
    }

    /// Number of places from now on.
    pub(super) fn len(&self, ids: Ids) -> usize {
        let highest = self.ids.iter().map(|id| *id as usize + 1).max().unwrap_or(0);
        if ids == Ids::Kept { highest.max(self.declared.len()) } else { highest }
    }

    /// Where what is declared at `place` was before.
    pub(super) fn before(&self, place: usize) -> Option<usize> {
        self.declared.iter().position(|one| *one == Some(place))
    }

    pub(super) fn place_of(&self, id: usize) -> Option<usize> {
        self.ids.iter().position(|one| *one as usize == id)
    }
}
