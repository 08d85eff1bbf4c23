use std::ops::Range;

use super::{RUNS_MAX, Seen};

fn added(seen: &mut Seen, range: Range<u64>) -> Vec<(u64, u64)> {
    seen.add(range).into_iter().map(|new| (new.start, new.end)).collect()
}

#[test]
fn only_what_is_new_is_shown() {
    let mut seen = Seen::default();
    assert_eq!(added(&mut seen, 10..20), [(10, 20)]);
    assert_eq!(added(&mut seen, 30..40), [(30, 40)]);
    assert_eq!(added(&mut seen, 12..18), []);
    assert_eq!(added(&mut seen, 5..45), [(5, 10), (20, 30), (40, 45)]);
    assert_eq!(added(&mut seen, 5..45), []);
    assert_eq!(format!("{seen:?}"), "Seen([5..45])");
}

#[test]
fn runs_that_follow_one_another_are_one() {
    let mut seen = Seen::default();
    for start in [0, 20, 10] {
        seen.add(start..start + 10);
    }
    assert_eq!(format!("{seen:?}"), "Seen([0..30])");
}

#[test]
fn the_oldest_run_is_forgotten_first() {
    let mut seen = Seen::default();
    for i in 0..=RUNS_MAX as u64 {
        seen.add(i * 10..i * 10 + 1);
    }
    assert_eq!(seen.0.len(), RUNS_MAX);
    assert_eq!(added(&mut seen, 0..1), [(0, 1)]);
    assert_eq!(added(&mut seen, 10..11), []);
}
