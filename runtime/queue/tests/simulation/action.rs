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
        asker: Asker,
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
    /// A version of a plugin goes on trial.
    Begin {
        plugin: u64,
        percent: u8,
    },
    /// The trial gets another share of the keys.
    Widen {
        plugin: u64,
        percent: u8,
    },
    /// The trial is decided.
    Decide {
        plugin: u64,
        promote: bool,
    },
    /// Rules of a subscription change.
    AlterSubscription {
        subscription: u64,
        seed: u64,
    },
    /// Rules of a topic change.
    AlterTopic {
        topic: u64,
        seed: u64,
    },
    /// A subscription is new.
    Join {
        topic: u64,
        earliest: bool,
        seed: u64,
    },
    /// A subscription ends, dropped or, where it is empty, simply not declared any more.
    Leave {
        subscription: u64,
        drop: bool,
    },
    /// The process that the core was in is gone, and another goes on.
    Crash,
}

/// Whose worker asks for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The version's that serves.
    Serving,
    /// The version's that is on trial, if one is.
    OnTrial,
    /// The version's that served before.
    Outdated,
    /// The version's that was rolled back last.
    RolledBack,
}

impl Action {
    /// The subscription that it is about, if it is about one.
    pub(crate) fn subscription(&self) -> Option<u64> {
        match *self {
            Self::Lease { subscription, .. }
            | Self::Pause { subscription, .. }
            | Self::Seek { subscription, .. }
            | Self::Redrive { subscription, .. }
            | Self::PurgeLetters { subscription, .. }
            | Self::Fence { subscription }
            | Self::AlterSubscription { subscription, .. }
            | Self::Leave { subscription, .. } => Some(subscription),
            _ => None,
        }
    }
}

/// The actions of one history.
pub(crate) fn history(random: &mut Random) -> Vec<Action> {
    let actions = 20 + random.below(130);
    // Some histories are calm, so that plain delivery is not drowned by operators.
    let operators = random.pick(&[0, 4, 12]);
    // And some have no swaps.
    let swaps = random.pick(&[0, 0, 3, 8]);
    // Or keep their pipeline.
    let changes = random.pick(&[0, 0, 3, 8]);
    (0..actions).map(|_| action(random, operators, swaps, changes)).collect()
}

fn action(random: &mut Random, operators: u64, swaps: u64, changes: u64) -> Action {
    if random.chance(operators) {
        return operation(random);
    }
    if random.chance(swaps) {
        return swap(random);
    }
    if random.chance(changes) {
        return change(random);
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
            asker: match random.below(100) {
                0..3 => Asker::Outdated,
                3..5 => Asker::RolledBack,
                5..50 => Asker::OnTrial,
                _ => Asker::Serving,
            },
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

fn swap(random: &mut Random) -> Action {
    let (plugin, percent) = (random.next(), random.pick(&[10, 50, 50, 90, 100]));
    match random.below(12) {
        0..4 => Action::Begin { plugin, percent },
        4 => Action::Widen { plugin, percent },
        5..8 => Action::Decide { plugin, promote: true },
        8..10 => Action::Decide { plugin, promote: false },
        _ => Action::Crash,
    }
}

fn change(random: &mut Random) -> Action {
    let (subscription, topic, seed) = (random.next(), random.next(), random.next());
    match random.below(12) {
        0..5 => Action::AlterSubscription { subscription, seed },
        5..8 => Action::AlterTopic { topic, seed },
        8 | 9 => Action::Join { topic, earliest: random.chance(60), seed },
        _ => Action::Leave { subscription, drop: random.chance(60) },
    }
}
