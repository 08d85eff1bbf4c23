//! A loss of power: what is synced stays, and of the rest anything may.

use super::SimulatedDisk;
use super::file::{Change, File, Stored};
use super::names::Names;
use crate::random::Random;

/// What a disk writes at once and cannot tear.
const SECTOR: usize = 512;
/// What the kernel writes back at once.
const PAGE: usize = 4_096;

/// All that a disk knew at one moment.
#[derive(Clone)]
pub(crate) struct Crash {
    files: Vec<Stored>,
    names: Names,
}

/// Which of the unsynced changes an image keeps.
#[derive(Clone, Copy, Debug)]
enum Survival {
    Nothing,
    Everything,
    /// Each change, or part of a change, with this chance in percent: so later ones without
    /// earlier ones, too.
    Each(u64),
    /// In every file the first few, the last of them in part.
    First,
}

impl Crash {
    pub(super) fn new(files: Vec<Stored>, names: Names) -> Self {
        Self { files, names }
    }

    /// What a power cut may have left.
    pub(crate) fn image(&self, random: &mut Random) -> SimulatedDisk {
        let survivals = [
            Survival::Nothing,
            Survival::Everything,
            Survival::Each(10),
            Survival::Each(50),
            Survival::Each(90),
            Survival::First,
        ];
        let survival = random.pick(&survivals);
        let tear = random.pick(&[SECTOR, SECTOR, PAGE, usize::MAX]);
        let files = self.files.iter().map(|file| {
            let mut bytes = file.durable.to_vec();
            draw(&file.unsynced, survival, tear, random, &mut bytes);
            File::durable(bytes)
        });
        let files = files.collect();
        SimulatedDisk::with(files, self.draw_names(survival, random))
    }

    fn draw_names(&self, survival: Survival, random: &mut Random) -> Names {
        let mut names = self.names.durable.clone();
        let changes = &self.names.unsynced;
        let first = random.below(changes.len() as u64 + 1) as usize;
        for (place, change) in changes.iter().enumerate() {
            let survives = match survival {
                Survival::Nothing => false,
                Survival::Everything => true,
                Survival::Each(percent) => random.chance(percent),
                Survival::First => place < first,
            };
            if survives {
                change.apply(&mut names);
            }
        }
        let quarantined = self.names.quarantined.clone();
        Names { live: names.clone(), durable: names, unsynced: Vec::new(), quarantined }
    }
}

fn draw(
    changes: &[Change],
    survival: Survival,
    tear: usize,
    random: &mut Random,
    bytes: &mut Vec<u8>,
) {
    let first = random.below(changes.len() as u64 + 1) as usize;
    for (place, change) in changes.iter().enumerate() {
        match survival {
            Survival::Nothing => {}
            Survival::Everything => change.apply(bytes),
            Survival::Each(percent) => draw_parts(change, tear, bytes, || random.chance(percent)),
            Survival::First if place < first => change.apply(bytes),
            Survival::First if place == first => {
                let mut whole = true;
                draw_parts(change, tear, bytes, || {
                    whole &= random.chance(70);
                    whole
                });
            }
            Survival::First => {}
        }
    }
}

/// Those parts of the change that survive: parts end where a sector of the file (or a page) ends.
fn draw_parts(
    change: &Change,
    tear: usize,
    bytes: &mut Vec<u8>,
    mut survives: impl FnMut() -> bool,
) {
    let Change::Write(offset, written) = change else {
        if survives() {
            change.apply(bytes);
        }
        return;
    };
    let mut from = 0;
    while from < written.len() {
        let left = tear - (*offset as usize + from) % tear;
        let to = from.saturating_add(left).min(written.len());
        if survives() {
            change.apply_part(from..to, bytes);
        }
        from = to;
    }
}
