//! Shortens a failing history: leaves out what it fails without.

use crate::action::Action;
use crate::run::Case;

/// The shortest history found that still fails in the same way.
pub(crate) fn shrink(mut case: Case) -> Case {
    let how = kind(&case);
    let mut part = case.actions.len();
    while part > 0 {
        let shortened = without_parts(&mut case, part, &how);
        if !shortened {
            part /= 2;
        }
    }
    fewer_messages(&mut case, &how);
    while without_parts(&mut case, 1, &how) {}
    case
}

/// Leaves out runs of `part` actions; true when some were not needed.
fn without_parts(case: &mut Case, part: usize, how: &str) -> bool {
    let mut shortened = false;
    let mut at = 0;
    while at < case.actions.len() {
        let mut tried = case.clone();
        tried.actions.drain(at..(at + part).min(case.actions.len()));
        if kind(&tried) == how {
            *case = tried;
            shortened = true;
        } else {
            at += part;
        }
    }
    shortened
}

/// Publishes as few messages as it takes.
fn fewer_messages(case: &mut Case, how: &str) {
    for at in 0..case.actions.len() {
        while let Action::Publish { messages, .. } = &case.actions[at] {
            let fewer = messages - 1;
            let mut tried = case.clone();
            if let Action::Publish { messages, .. } = &mut tried.actions[at] {
                *messages = fewer;
            }
            if fewer == 0 || kind(&tried) != how {
                break;
            }
            *case = tried;
        }
    }
}

/// How a history fails, whatever numbers it names; empty when it does not.
fn kind(case: &Case) -> String {
    let wrong = case.fails().unwrap_or_default();
    wrong.chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
}
