//! A history as data: actions that name things by their place among what exists, so that any of
//! them can be left out and the rest keeps its meaning.

use crate::random::Random;

/// One thing that somebody does, or that happens.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Message `i` follows from `seed` and `i` alone.
    Publish {
        topic: u64,
        messages: u64,
        seed: u64,
    },
    /// A worker asks; of an old generation, or for a quarter of the keys.
    Lease {
        subscription: u64,
        messages_max: u32,
        quarter: Option<u64>,
        outdated: bool,
    },
    /// A worker answers, perhaps after its lease has ended.
    Settle {
        lease: u64,
        seed: u64,
    },
    Renew {
        lease: u64,
    },
    /// A worker is lost: it never answers.
    Lose {
        lease: u64,
    },
    /// Time passes, and the timekeeper with it.
    Advance {
        ms: u64,
    },
    /// Time passes, and the timekeeper sleeps.
    Stall {
        ms: u64,
    },
    /// The wall clock is set.
    Jump {
        ms: i64,
    },
    Pause {
        subscription: u64,
        paused: bool,
    },
    Seek {
        subscription: u64,
        to: u64,
    },
    Purge {
        topic: u64,
        half: bool,
    },
    Redrive {
        subscription: u64,
        letters: u64,
        seed: u64,
    },
    PurgeLetters {
        subscription: u64,
        letters: u64,
        seed: u64,
    },
    Fence {
        subscription: u64,
    },
    Tick,
}

/// The actions of one history.
pub(crate) fn history(random: &mut Random) -> Vec<Action> {
    let actions = 20 + random.below(130);
    // Some histories are calm, so that plain delivery is not drowned by operators.
    let operators = random.pick(&[0, 4, 12]);
    (0..actions).map(|_| action(random, operators)).collect()
}

fn action(random: &mut Random, operators: u64) -> Action {
    if random.chance(operators) {
        return operation(random);
    }
    match random.below(100) {
        0..25 => {
            let messages = random.pick(&[1, 1, 1, 2, 3, 5, 20]);
            Action::Publish { topic: random.next(), messages, seed: random.next() }
        }
        25..55 => Action::Lease {
            subscription: random.next(),
            messages_max: random.pick(&[1, 2, 5, 256, 256]),
            quarter: Some(random.below(4)).filter(|_| random.chance(6)),
            outdated: random.chance(3),
        },
        55..82 => Action::Settle { lease: random.next(), seed: random.next() },
        82..84 => Action::Renew { lease: random.next() },
        84..86 => Action::Lose { lease: random.next() },
        86..95 => Action::Advance { ms: random.pick(&[1, 10, 50, 100, 300, 1_000, 5_000]) },
        95..97 => Action::Stall { ms: random.pick(&[1, 50, 600, 3_000]) },
        97..99 => Action::Jump { ms: random.pick(&[-20_000, -500, 100, 2_000, 30_000]) },
        _ => Action::Tick,
    }
}

fn operation(random: &mut Random) -> Action {
    let (subscription, topic, seed) = (random.next(), random.next(), random.next());
    match random.below(12) {
        0 | 1 => Action::Pause { subscription, paused: random.chance(40) },
        2 | 3 => Action::Seek { subscription, to: random.below(4) },
        4 | 5 => Action::Purge { topic, half: random.chance(30) },
        6..9 => Action::Redrive { subscription, letters: 1 + random.below(4), seed },
        9 | 10 => Action::PurgeLetters { subscription, letters: 1 + random.below(3), seed },
        _ => Action::Fence { subscription },
    }
}
