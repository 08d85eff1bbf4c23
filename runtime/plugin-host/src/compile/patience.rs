//! How long the host waits for the child that compiles: as long as that has had a processor.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// By how much the clock may be ahead of the child's own time: it stands back behind the host's workers,
/// so where they fill the processors it gets one only now and then.
const BEHIND_MAX: u32 = 10;
/// The shortest time between two looks at what it had.
const LOOK: Duration = Duration::from_millis(10);

/// What comes of `work`, which the process `child` does; none once that had processors for `limit`, or
/// ten times as long has passed.
pub(super) async fn in_time<F: Future>(
    child: Option<u32>,
    limit: Duration,
    work: F,
) -> Option<F::Output> {
    let mut work = pin!(work);
    let (begun, mut wait) = (Instant::now(), limit);
    loop {
        if let Ok(output) = timeout(wait, work.as_mut()).await {
            return Some(output);
        }
        wait = left(limit, child.and_then(processor_time), begun.elapsed())?;
    }
}

/// How much longer to wait for what had processors for `had` when `passed` was over; none if no longer.
fn left(limit: Duration, had: Option<Duration>, passed: Duration) -> Option<Duration> {
    // Where the system does not say what it had, it had all of it.
    let own = limit.saturating_sub(had.unwrap_or(limit));
    let left = own.min(limit.saturating_mul(BEHIND_MAX).saturating_sub(passed));
    (!left.is_zero()).then(|| left.max(LOOK))
}

/// How long the threads of process `id` have had processors, together; none where there is no `/proc`.
fn processor_time(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of its program may hold anything. See proc_pid_stat(5): fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    let ticks = next()?.saturating_add(next()?);
    Some(Duration::from_millis(
        ticks.saturating_mul(1_000) / rustix::param::clock_ticks_per_second().max(1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn who_had_processors_for_all_of_its_time_is_not_waited_for() {
        assert_eq!(left(LIMIT, Some(LIMIT), LIMIT), None);
        assert_eq!(left(LIMIT, Some(seconds(90)), LIMIT), None);
        assert_eq!(left(LIMIT, None, LIMIT), None, "nobody knows");
    }

    #[test]
    fn who_was_kept_from_them_is_waited_for_but_not_for_ever() {
        assert_eq!(left(LIMIT, Some(seconds(6)), LIMIT), Some(seconds(54)));
        assert_eq!(left(LIMIT, Some(seconds(6)), seconds(570)), Some(seconds(30)));
        assert_eq!(left(LIMIT, Some(seconds(6)), seconds(600)), None);
        assert_eq!(left(LIMIT, Some(LIMIT - LOOK / 2), LIMIT), Some(LOOK), "not all the time");
    }

    #[test]
    fn the_system_says_what_a_process_had() {
        let own = || processor_time(std::process::id());
        // Not everywhere.
        let Some(before) = own() else { return };
        let later = std::iter::repeat_with(own).flatten().find(|later| *later != before);
        assert!(later > Some(before));
    }
}
