//! Which seeds are played, and what is printed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::action::{Action, history};
use crate::driver::Driver;
use crate::random::Random;
use crate::shrink::shrink;
use crate::world::World;

/// Seeds of an ordinary test run.
const SEEDS: u64 = 1_000;
/// Seeds beyond those that found a fault once. They mean another history when the histories change.
const FOUND: [u64; 4] = [24_485, 37_727, 66_166, 232_416];

/// One seed's pipeline and history.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) world: World,
    pub(crate) actions: Vec<Action>,
}

/// Plays what the environment asks for: `MILLSTREAM_SEED`, or `MILLSTREAM_SEEDS` seeds from
/// `MILLSTREAM_SEED_FROM` on.
pub(crate) fn as_asked() {
    match number("MILLSTREAM_SEED") {
        Some(seed) => explain(seed),
        None => {
            let seeds = number("MILLSTREAM_SEEDS").unwrap_or(SEEDS);
            play_all(number("MILLSTREAM_SEED_FROM").unwrap_or(1), seeds);
        }
    }
}

/// Plays what found faults.
pub(crate) fn found() {
    FOUND.into_iter().for_each(|seed| play_all(seed, 1));
}

impl Case {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self { seed, world: World::random(&mut random), actions: history(&mut random) }
    }

    /// What goes wrong, if anything does.
    pub(crate) fn fails(&self) -> Option<String> {
        self.play(false).1
    }

    /// The story, and how it ends.
    pub(crate) fn play(&self, tells: bool) -> (Vec<String>, Option<String>) {
        let mut driver = Driver::new(self.world.clone(), self.seed, tells);
        let played = catch_unwind(AssertUnwindSafe(|| driver.play(&self.actions)));
        let wrong = match played {
            Ok(played) => played.err(),
            Err(panic) => Some(format!("the core panicked: {}", text(&*panic))),
        };
        (driver.story().to_vec(), wrong)
    }
}

/// Plays the seeds on all cores; ends after `MILLSTREAM_FAILURES` that fail, or the first.
fn play_all(from: u64, seeds: u64) {
    let (next, failed) = (AtomicU64::new(from), AtomicU64::new(u64::MAX));
    let left = AtomicU64::new(number("MILLSTREAM_FAILURES").unwrap_or(1));
    let start = Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while left.load(Ordering::Relaxed) > 0 {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed - from >= seeds {
                        return;
                    }
                    if let Some(wrong) = Case::of(seed).fails() {
                        println!("seed {seed}: {wrong}");
                        failed.fetch_min(seed, Ordering::Relaxed);
                        left.fetch_sub(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let rate = seeds as f64 / start.elapsed().as_secs_f64();
    let first = failed.into_inner();
    assert!(first == u64::MAX, "seed {first} fails: `make simulate SEED={first}` shows how");
    println!("{seeds} seeds from {from} on: none fails; {rate:.0} seeds a second");
}

/// Plays one seed again, and prints the shortest history that still fails.
fn explain(seed: u64) {
    let case = Case::of(seed);
    if case.fails().is_none() {
        case.play(true).0.iter().for_each(|line| println!("{line}"));
        return println!("seed {seed} does not fail");
    }
    let shortest = shrink(case);
    println!("seed {seed}: the shortest history that fails");
    for rules in &shortest.world.topics {
        println!("{rules:?}");
    }
    for rules in &shortest.world.subscriptions {
        println!("{rules:?}");
    }
    let (story, wrong) = shortest.play(true);
    story.iter().for_each(|line| println!("{line}"));
    panic!("{}", wrong.unwrap_or_default());
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not `{text}`")))
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}
