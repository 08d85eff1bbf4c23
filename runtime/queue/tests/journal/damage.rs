//! A disk that rots: a bit that flips and an end that is lost are told of with file and place, or
//! do no harm; only the last group may be cut off, and that is told of, too.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use millstream_queue::journal::{self, Disk};
use millstream_queue::{Broker, OpenError, Recovered};

use crate::asked::{number, on_all_cores, runtime};
use crate::power_loss::{Check, Found, History, Player, Survey, Verdict, clock_after};
use crate::random::Random;
use crate::simulated_disk::SimulatedDisk;
use crate::world::World;

/// Damages of an ordinary test run.
const DAMAGES: u64 = 20_000;

/// Damages of one journal.
const DAMAGES_PER_JOURNAL: u64 = 200;

#[test]
fn no_damage_goes_unnoticed() {
    let wanted = number("MILLSTREAM_DAMAGES").unwrap_or(DAMAGES);
    let tally = Tally::default();
    on_all_cores(|seed| {
        runtime().block_on(damage_one(seed, &tally));
        tally.all() < wanted
    });
    println!("{} damages: {tally:?}", tally.all());
}

/// What became of the damages.
#[derive(Debug, Default)]
struct Tally {
    refused: AtomicU64,
    ended: AtomicU64,
    harmless: AtomicU64,
    cut: AtomicU64,
}

impl Tally {
    fn all(&self) -> u64 {
        [&self.refused, &self.ended, &self.harmless, &self.cut]
            .map(|one| one.load(Ordering::Relaxed))
            .iter()
            .sum()
    }
}

/// A journal that somebody closed, or that a crash left.
struct Whole {
    history: History,
    disk: SimulatedDisk,
    found: Found,
}

async fn damage_one(seed: u64, tally: &Tally) {
    let whole = whole(seed).await;
    let mut random = Random::new(!seed);
    for case in 0..DAMAGES_PER_JOURNAL {
        let (disk, damage) = whole.damaged(&mut random);
        match whole.check(&disk, &damage).await {
            Ok(count) => _ = count(tally).fetch_add(1, Ordering::Relaxed),
            Err(wrong) => panic!("seed {seed}, case {case}: {}: {wrong}", damage.told),
        }
    }
}

/// Journals that are repaired in an ordinary test run.
const REPAIRS: u64 = 200;

#[test]
fn a_repaired_journal_opens_again() {
    let wanted = number("MILLSTREAM_REPAIRS").unwrap_or(REPAIRS);
    let (repaired, left) = (AtomicU64::new(0), AtomicU64::new(wanted));
    on_all_cores(|seed| {
        let whole = runtime().block_on(whole(seed));
        let mut random = Random::new(!seed);
        for case in 0..20 {
            let (disk, damage) = whole.damaged(&mut random);
            match whole.repair(&disk) {
                Ok(done) => _ = repaired.fetch_add(u64::from(done), Ordering::Relaxed),
                Err(wrong) => panic!("seed {seed}, case {case}: {}: {wrong}", damage.told),
            }
        }
        let before =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_sub(20)));
        before.is_ok_and(|before| before > 20)
    });
    println!("{} of {wanted} damaged journals were repaired", repaired.into_inner());
}

/// A bit that flips, or the size to which a file is cut.
struct Damage {
    file: String,
    told: String,
}

async fn whole(seed: u64) -> Whole {
    let mut random = Random::new(seed);
    let world = World::random(&mut random);
    let mut player = Player::new(world, Random::new(seed), SimulatedDisk::new()).unwrap();
    for _ in 0..random.pick(&[5, 20, 40]) {
        player.step().await;
    }
    let closed = random.chance(50);
    if closed {
        player.close().await;
    }
    let history = player.end();
    let disk = match closed {
        true => history.disk.copy(),
        false => history.disk.crash().image(&mut random),
    };
    let Looked::Found(_, found) = look(&history, &disk.copy()).await.unwrap() else {
        panic!("seed {seed}: nothing is damaged yet, and it does not open");
    };
    Whole { history, disk, found }
}

/// What becomes of somebody who opens a journal and looks at everything.
enum Looked {
    Refused(OpenError),
    /// What was read later on was not what was written: the broker has ended.
    Ended(String),
    Found(Recovered, Found),
}

/// Longer than a broker takes to say that it has ended.
const PATIENCE: Duration = Duration::from_secs(1);

async fn look(history: &History, disk: &SimulatedDisk) -> Check<Looked> {
    let clock = clock_after(history.now);
    let (broker, recovered) = match history.world.open(disk, &clock) {
        Ok(opened) => opened,
        Err(refused) => return Ok(Looked::Refused(refused)),
    };
    match Survey::of(history, &broker, &clock).all().await {
        Ok(found) => Ok(Looked::Found(recovered, found)),
        Err(wrong) => match tokio::time::timeout(PATIENCE, broker.failed()).await {
            Ok(why) => Ok(Looked::Ended(why)),
            Err(_) => Err(wrong),
        },
    }
}

type Counter = fn(&Tally) -> &AtomicU64;

impl Whole {
    fn damaged(&self, random: &mut Random) -> (SimulatedDisk, Damage) {
        let disk = self.disk.copy();
        let files = disk.contents().into_iter().filter(|(_, bytes)| !bytes.is_empty());
        let files: Vec<(String, Vec<u8>)> = files.collect();
        let (file, mut bytes) = files[random.below(files.len() as u64) as usize].clone();
        // Zeros that were written ahead are most of a small journal, and the least of its worries.
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1);
        let within = if random.chance(85) { used } else { bytes.len() };
        let at = random.below(within as u64) as usize;
        let what = match random.chance(25) {
            true => {
                bytes.truncate(at);
                "cut"
            }
            false => {
                bytes[at] ^= 1 << random.below(8);
                "a bit flipped"
            }
        };
        let told = format!("{file} {what} at {at} of {}", bytes.len());
        disk.overwrite(&file, bytes);
        (disk, Damage { file, told })
    }

    async fn check(&self, disk: &SimulatedDisk, damage: &Damage) -> Check<Counter> {
        let verified = journal::verify(&disk.copy());
        let looked = look(&self.history, &disk.copy()).await?;
        let opens = verified.as_ref().is_ok_and(|report| report.opens);
        match looked {
            Looked::Refused(told) if opens => {
                Err(format!("verify says {verified:?}, and opening it {told}"))
            }
            Looked::Ended(_) | Looked::Found(..) if !opens => {
                Err(format!("verify says {verified:?}, and yet it opens"))
            }
            Looked::Refused(OpenError::Damaged(told)) => {
                self.is_a_place(&told.file, told.offset)?;
                Ok(|tally| &tally.refused)
            }
            Looked::Refused(other) => Err(format!("refused as {other:?}")),
            Looked::Ended(why) if why.contains(&damage.file) && why.contains("at byte") => {
                Ok(|tally| &tally.ended)
            }
            Looked::Ended(why) => Err(format!("ended without saying where: {why}")),
            Looked::Found(recovered, found) => {
                let differs = found.difference(&self.found);
                if differs.is_empty() {
                    return Ok(|tally| &tally.harmless);
                }
                let Some(cut) = recovered.cut else {
                    return Err(format!("is silently another journal: {differs:?}"));
                };
                self.is_a_place(&cut.file, cut.offset)?;
                let loss = Verdict::at_least(&self.history, self.history.last_group).on(&found);
                loss.map_err(|wrong| format!("cuts more than the last group, {cut:?}: {wrong}"))?;
                Ok(|tally| &tally.cut)
            }
        }
    }

    /// Whether what was told is a place in a file that is there.
    fn is_a_place(&self, file: &str, offset: u64) -> Check {
        let size = self.disk.contents().into_iter().find(|(name, _)| name == file);
        match size {
            Some((_, bytes)) if offset <= bytes.len() as u64 => Ok(()),
            _ => Err(format!("told as {file} at {offset}, and there is no such place")),
        }
    }

    /// After a repair it opens, and nothing is deleted. Tells whether there was one.
    fn repair(&self, disk: &SimulatedDisk) -> Check<bool> {
        let before: BTreeSet<String> = disk.list().unwrap().into_iter().collect();
        // What it cannot mend it says.
        let Ok(report) = journal::repair(Arc::new(disk.clone())) else {
            return Ok(false);
        };
        let after: BTreeSet<String> = disk.list().unwrap().into_iter().collect();
        let aside = disk.quarantined();
        let gone = before.difference(&after).filter(|name| !name.ends_with(".tmp"));
        let deleted: Vec<&String> =
            gone.filter(|name| !aside.iter().any(|put| put.ends_with(name.as_str()))).collect();
        if !deleted.is_empty() {
            return Err(format!("the repair deleted {deleted:?}: {report:?}"));
        }
        let opened = self.history.world.open(disk, &clock_after(self.history.now));
        let opened = opened.map_err(|error| format!("repaired ({report:?}), and yet: {error}"));
        opened.map(|_| true)
    }
}
