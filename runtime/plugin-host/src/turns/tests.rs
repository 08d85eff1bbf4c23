use std::task::Waker;
use std::time::Duration;

use super::{Lane, Turns};

fn ticket(lane: &Lane) -> u64 {
    lane.wait(Waker::noop())
}

fn has_turn(lane: &Lane, ticket: u64) -> bool {
    lane.has_turn(ticket, Waker::noop())
}

#[test]
fn the_plugin_that_has_run_least_is_next_however_many_wait_before_it() {
    let turns = Turns::new(1);
    let (busy, quiet) = (turns.lane(), turns.lane());
    assert!(busy.take());
    let crowd: Vec<u64> = (0..64).map(|_| ticket(&busy)).collect();
    busy.ran(Duration::from_millis(10));
    let one = ticket(&quiet);
    busy.give_back();
    assert!(has_turn(&quiet, one));
    assert!(crowd.iter().all(|&ticket| !has_turn(&busy, ticket)));
}

#[test]
fn what_was_taken_while_nobody_waited_is_forgiven() {
    let turns = Turns::new(1);
    let (old, young) = (turns.lane(), turns.lane());
    old.ran(Duration::from_secs(3_600));
    assert!(young.take());
    let first = ticket(&old);
    let mut rounds = 0;
    let mut holder = &young;
    let mut waits = ticket(&young);
    while !has_turn(&old, first) {
        holder.ran(Duration::from_millis(10));
        holder.give_back();
        if has_turn(&young, waits) {
            holder = &young;
            waits = ticket(&young);
        }
        rounds += 1;
        assert!(rounds < 20, "an hour of running alone is held against it");
    }
}

#[test]
fn within_a_plugin_it_is_one_after_the_other() {
    let turns = Turns::new(1);
    let lane = turns.lane();
    assert!(lane.take());
    let (first, second) = (ticket(&lane), ticket(&lane));
    lane.give_back();
    assert!(has_turn(&lane, first) && !has_turn(&lane, second));
}

#[test]
fn a_turn_that_nobody_wants_any_more_goes_to_the_next() {
    let turns = Turns::new(1);
    let lane = turns.lane();
    assert!(lane.take());
    let [first, second, third] = [(); 3].map(|()| ticket(&lane));
    lane.leave(second);
    lane.give_back();
    lane.leave(first);
    assert!(has_turn(&lane, third));
    lane.give_back();
    assert!(lane.take() && !lane.take(), "one turn is left, no more");
    assert!(!turns.contended());
}

#[test]
fn the_clock_ticks_fast_while_somebody_waits_and_no_longer() {
    let turns = Turns::new(1);
    let lane = turns.lane();
    assert!(lane.take());
    assert!(!turns.rush().goes_on(turns.contended()));
    let one = ticket(&lane);
    assert!(turns.rush().goes_on(turns.contended()));
    lane.leave(one);
    assert!(!turns.rush().goes_on(turns.contended()));
}
