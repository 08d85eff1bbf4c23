//! How long the disk takes to keep something, measured as the journal writes: into a file that has
//! its room already, 4 KiB at a time, each forced to the disk before the next.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use millstream_queue::journal::{Disk, DiskFile, Folder};
use serde_json::{Value, json};

use super::Check;
use crate::print::{count, counted};

/// What is written at once.
const BLOCK: [u8; 4_096] = [0xa5; 4_096];
/// Writes at most.
const WRITES_MAX: usize = 1_000;
/// A slow disk is not measured for longer.
const TIME_MAX: Duration = Duration::from_secs(1);
/// No disk and no battery-backed cache is this fast through a file system.
const BELIEVABLE_MIN: Duration = Duration::from_micros(8);
/// Less free than a journal's first file and its reserve need.
const FREE_MIN: u64 = 128 << 20;

/// What a folder's disk does.
#[derive(Debug)]
pub(super) struct Measured {
    /// How long each write and sync took, in order of length; never empty.
    times: Vec<Duration>,
    free_bytes: u64,
}

impl Measured {
    fn percentile(&self, percent: usize) -> Duration {
        let place = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(place).copied().unwrap_or_default()
    }

    /// Syncs in a second, one at a time.
    fn per_second(&self) -> u64 {
        (1.0 / self.percentile(50).as_secs_f64().max(1e-9)) as u64
    }
}

/// Writes for at most a second into a file of its own, which is removed again.
pub(super) fn measure(dir: &Path) -> io::Result<Measured> {
    let folder = Folder::open(dir)?;
    let free_bytes = folder.free_bytes()?;
    let name = format!("millstream-doctor-{}.tmp", std::process::id());
    let file = folder.create(&name)?;
    let times = times(&*file);
    folder.remove(&name)?;
    let mut times = times?;
    times.sort_unstable();
    Ok(Measured { times, free_bytes })
}

fn times(file: &dyn DiskFile) -> io::Result<Vec<Duration>> {
    file.allocate((BLOCK.len() * WRITES_MAX) as u64)?;
    let begun = Instant::now();
    let mut times = Vec::with_capacity(WRITES_MAX);
    while times.len() < WRITES_MAX && (begun.elapsed() < TIME_MAX || times.is_empty()) {
        let start = Instant::now();
        write(file, (BLOCK.len() * times.len()) as u64)?;
        file.sync()?;
        times.push(start.elapsed());
    }
    Ok(times)
}

fn write(file: &dyn DiskFile, offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < BLOCK.len() {
        match file.write_at(offset + done as u64, &BLOCK[done..])? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => done += written,
        }
    }
    Ok(())
}

/// Whether a journal may live there.
pub(super) fn check(dir: &Path, measured: &io::Result<Measured>) -> Check {
    let shown = dir.display();
    let measured = match measured {
        Ok(measured) => measured,
        Err(error) => {
            let hint = "name a folder that this user may write, on a disk with room";
            return Check::broken("disk", format!("{shown}: {error}"), hint);
        }
    };
    let [half, most] = [50, 99].map(|percent| shown_time(measured.percentile(percent)));
    let says = format!("{shown}: 4 KiB written and synced in {half} (p50), {most} (p99)");
    if measured.percentile(50) < BELIEVABLE_MIN {
        let hint = "no disk is that fast: the folder is in memory, or its disk does not sync; \
                    a journal here does not survive a power cut";
        return Check::missing("disk", says, hint);
    }
    if measured.free_bytes < FREE_MIN {
        let free = counted(measured.free_bytes, "byte");
        let hint = format!("{free} are free: too few for a journal with its reserve");
        return Check::missing("disk", says, &hint);
    }
    Check::fine("disk", says)
}

/// What the modes of a journal come to on this disk, for people.
pub(super) fn page(measured: &Measured) -> String {
    let half = shown_time(measured.percentile(50));
    let rate = count(measured.per_second());
    format!(
        "\n\nWhat an answer of `broker: {{ journal: {{ sync: … }} }}` means, and costs on this disk:\n  \
         always          it is on the disk, and survives a power cut; one at a time {rate}/s, {half} each,\n                  \
         many at a time share one sync\n  \
         interval(100ms) it survives the end of the process, `kill -9` too; a power cut takes the\n                  \
         latest 100ms at most; nobody waits for the disk\n  \
         never           it survives the end of the process; a power cut takes what the system\n                  \
         had not written yet; nobody waits for the disk"
    )
}

/// The same for programs.
pub(super) fn document(measured: &Measured) -> Value {
    let micros = |percent| measured.percentile(percent).as_nanos() as f64 / 1e3;
    json!({
        "syncs": measured.times.len(),
        "sync_us": { "p50": micros(50), "p99": micros(99) },
        "syncs_per_second": measured.per_second(),
        "free_bytes": measured.free_bytes,
        "always": "survives the end of the process and a power cut",
        "interval": "survives the end of the process; a power cut takes at most the interval",
        "never": "survives the end of the process; a power cut takes what the system had not written",
    })
}

fn shown_time(time: Duration) -> String {
    match time.as_micros() {
        0 => "under 1 µs".to_owned(),
        micros @ 1..1_000 => format!("{micros} µs"),
        _ => format!("{:.1} ms", time.as_secs_f64() * 1e3),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::super::State;
    use super::{Measured, check, measure};

    fn measured(micros: u64) -> Measured {
        let times = (1..=100).map(|place| Duration::from_micros(place * micros)).collect();
        Measured { times, free_bytes: 1 << 40 }
    }

    #[test]
    fn a_disk_is_told_by_its_half_and_its_slowest_syncs() {
        let check = check(Path::new("d"), &Ok(measured(20)));
        assert_eq!(check.says, "d: 4 KiB written and synced in 1.0 ms (p50), 2.0 ms (p99)");
        assert_eq!(check.state, State::Fine);
        assert_eq!(measured(20).per_second(), 980);
    }

    #[test]
    fn a_disk_that_is_too_fast_or_too_full_is_told() {
        let fast = Measured { times: vec![Duration::from_micros(2)], free_bytes: 1 << 40 };
        assert!(check(Path::new("d"), &Ok(fast)).hint.contains("power cut"));
        let full = Measured { free_bytes: 1 << 20, ..measured(20) };
        assert!(check(Path::new("d"), &Ok(full)).hint.contains("1,048,576 bytes"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_broken() {
        let nowhere = Path::new("nowhere/at/all");
        assert_eq!(check(nowhere, &measure(nowhere)).state, State::Broken);
    }
}
