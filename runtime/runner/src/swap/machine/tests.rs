//! The ways that a swap can take, and that there are no others.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::trial::{FIRST_ANSWER_MAX, LOOK_EVERY, LOOK_FIRST};
use super::*;
use crate::swap::judgement::Sample;

const SECOND: Duration = Duration::from_secs(1);

fn machine(canary: Option<u8>, shadow: u32) -> Machine {
    Machine::new(SwapOptions { shadow, canary, probation: SECOND })
}

fn sample(failed: u64, messages: u64) -> Sample {
    Sample { messages, failed, time: Duration::from_micros(messages) }
}

fn measured(old: Sample, new: Sample) -> Event {
    Event::Measured { old, new, busy: false }
}

/// Takes the swap to where it begins its trial.
fn checked(machine: &mut Machine) -> Effect {
    assert_eq!(machine.step(Event::Done, SECOND), Some(Effect::Compile));
    assert_eq!(machine.step(Event::Done, SECOND), Some(Effect::CheckImports));
    assert_eq!(machine.step(Event::Done, SECOND), Some(Effect::Configure));
    machine.step(Event::Done, SECOND).unwrap()
}

#[test]
fn a_good_version_is_promoted_after_its_probation() {
    let mut swap = machine(None, 0);
    assert_eq!(swap.first(), Effect::Verify);
    assert_eq!(checked(&mut swap), Effect::Begin(100));
    let first = SECOND + LOOK_FIRST;
    assert_eq!(swap.step(Event::Done, SECOND), Some(Effect::LookAt(first)));
    assert_eq!(swap.reached(), Stage::Probation);
    let good = || measured(sample(0, 100), sample(0, 100));
    assert_eq!(swap.step(good(), first), Some(Effect::LookAt(SECOND + LOOK_FIRST * 2)));
    let later = SECOND + LOOK_EVERY * 3;
    assert_eq!(swap.step(good(), later), Some(Effect::LookAt(later + LOOK_EVERY)));
    assert_eq!(swap.step(good(), SECOND * 2), Some(Effect::Promote));
    assert_eq!(swap.step(Event::Withdraw("too late".into()), SECOND * 2), None);
    assert_eq!(swap.step(Event::Done, SECOND * 2), None);
    assert_eq!((swap.reached(), swap.reason()), (Stage::Promoted, None));
}

#[test]
fn a_canary_comes_before_the_probation() {
    let mut swap = machine(Some(10), 0);
    assert_eq!(checked(&mut swap), Effect::Begin(10));
    let _ = swap.step(Event::Done, SECOND);
    assert_eq!(swap.reached(), Stage::Canary);
    let good = || measured(sample(0, 100), sample(0, 10));
    assert_eq!(swap.step(good(), SECOND * 2), Some(Effect::Widen));
    assert_eq!(swap.step(Event::Done, SECOND * 2), Some(Effect::LookAt(SECOND * 2 + LOOK_FIRST)));
    assert_eq!(swap.reached(), Stage::Probation);
    assert_eq!(swap.step(good(), SECOND * 3), Some(Effect::Promote));
}

#[test]
fn a_worse_version_is_rolled_back_before_its_time_is_over() {
    let mut swap = machine(None, 0);
    let _ = checked(&mut swap);
    let _ = swap.step(Event::Done, SECOND);
    let bad = measured(sample(0, 1_000), sample(20, 100));
    let Some(Effect::RollBack(why)) = swap.step(bad, SECOND + LOOK_EVERY) else {
        panic!("{swap:?}")
    };
    assert_eq!(why, "it failed on 20 of 100 messages, the old version on 0 of 1000");
    assert_eq!(swap.step(Event::Done, SECOND * 2), None);
    assert_eq!(swap.reached(), Stage::RolledBack);
    assert_eq!(swap.reason(), Some(&(Stage::Probation, why)));
}

#[test]
fn a_version_that_has_not_answered_yet_is_not_promoted() {
    let mut swap = machine(None, 0);
    let _ = checked(&mut swap);
    let _ = swap.step(Event::Done, SECOND);
    let unheard = || Event::Measured { old: sample(0, 9), new: sample(0, 0), busy: true };
    let now = SECOND * 2;
    assert_eq!(swap.step(unheard(), now), Some(Effect::LookAt(now + LOOK_EVERY)));
    let late = now + FIRST_ANSWER_MAX;
    assert!(matches!(swap.step(unheard(), late), Some(Effect::RollBack(_))));
}

#[test]
fn a_version_that_does_worse_in_the_shadow_is_refused() {
    let mut swap = machine(None, 50);
    assert_eq!(checked(&mut swap), Effect::Shadow(50));
    assert_eq!(swap.reached(), Stage::Shadowing);
    let compared = Event::Compared { old: sample(0, 50), new: sample(50, 50) };
    assert_eq!(swap.step(compared, SECOND), None);
    assert_eq!(swap.reached(), Stage::Refused);
    assert_eq!(swap.reason().map(|(stage, _)| *stage), Some(Stage::Shadowing));
}

#[test]
fn what_fails_is_refused_with_its_stage_and_reason() {
    let mut swap = machine(None, 0);
    let _ = swap.step(Event::Done, SECOND);
    assert_eq!(swap.step(Event::Failed(Stage::Imports, "no".into()), SECOND), None);
    assert_eq!(swap.reached(), Stage::Refused);
    assert_eq!(swap.reason(), Some(&(Stage::Imports, "no".to_owned())));
}

#[test]
fn without_a_probation_it_is_promoted_at_once() {
    let mut swap =
        Machine::new(SwapOptions { probation: Duration::ZERO, ..SwapOptions::default() });
    assert_eq!(checked(&mut swap), Effect::Begin(100));
    assert_eq!(swap.step(Event::Done, SECOND), Some(Effect::Promote));
}

/// Whatever happens in whatever order: a trial begins at most once and ends once, what was refused
/// never had one, and an end is an end.
#[test]
fn any_order_of_events_leaves_one_version_serving() {
    for seed in 0..20_000 {
        let mut chance = StdRng::seed_from_u64(seed);
        let canary = chance.random_bool(0.5).then_some(10);
        let mut swap = machine(canary, if chance.random_bool(0.5) { 5 } else { 0 });
        let (mut now, mut effects) = (Duration::ZERO, vec![swap.first()]);
        for _ in 0..200 {
            now += Duration::from_millis(chance.random_range(0..400));
            let ended = swap.reached().is_end();
            let effect = swap.step(any_event(&mut chance), now);
            assert!(!ended || effect.is_none(), "seed {seed}: {effect:?} after the end");
            effects.extend(effect);
        }
        let count = |is: fn(&Effect) -> bool| effects.iter().filter(|effect| is(effect)).count();
        let begun = count(|effect| matches!(effect, Effect::Begin(_)));
        let promoted = count(|effect| *effect == Effect::Promote);
        let taken_back = count(|effect| matches!(effect, Effect::RollBack(_)));
        assert!(begun <= 1 && promoted <= 1 && taken_back <= 1, "seed {seed}: {effects:?}");
        let expected = match swap.reached() {
            Stage::Promoted => (1, 1, 0),
            Stage::RolledBack => (1, promoted, 1),
            // The queue may refuse a trial, which then never was one.
            Stage::Refused => (begun, 0, 0),
            _ => continue,
        };
        assert_eq!((begun, promoted, taken_back), expected, "seed {seed}: {effects:?}");
        assert_eq!(swap.reached() == Stage::Promoted, swap.reason().is_none(), "seed {seed}");
    }
}

fn any_event(chance: &mut StdRng) -> Event {
    match chance.random_range(0..20) {
        0 => Event::Failed(Stage::Compiled, "failed".to_owned()),
        1 => Event::Withdraw("withdrawn".to_owned()),
        2 => Event::Compared { old: sample(0, 9), new: sample(0, 9) },
        3 => measured(sample(0, 100), sample(50, 100)),
        4..9 => measured(sample(1, 100), sample(1, 100)),
        _ => Event::Done,
    }
}
