//! Somebody who redrives and seeks while hosts die.
//!
//! Neither may change what is found in the end. What goes back is given up again, for the same reason,
//! once: a dead letter that was lost on the way, or that came twice, is found. Only those who are
//! paused are moved, to before anything that they have not had: so they get all of it, once.

use millstream_tests::Api;
use serde_json::{Value, json};

use crate::random::Random;
use crate::setup::LEDGERS;
use crate::stage::Stage;

/// What is done to one host: soon after it began to serve, since its letters are of earlier ones.
const ACTS_MAX: u64 = 3;

/// Those whose dead letters would be dead letters again, and those that are not: what crashes gave up is
/// handled, and out of order then.
const REDRIVEN: [&str; 2] = ["book", "call"];
const AGAIN: &str = "reason != 'crashed'";

/// Before everything, in both ways to say so.
const BEGINNINGS: [&str; 2] = ["earliest", "2001-01-01T00:00:00Z"];

/// How often it did what, as far as it was answered.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Acts {
    pub(crate) redrives: u64,
    pub(crate) seeks: u64,
}

impl Acts {
    pub(crate) fn add(&mut self, more: Self) {
        self.redrives += more.redrives;
        self.seeks += more.seeks;
    }
}

pub(crate) struct Operator<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) random: Random,
}

impl Operator<'_> {
    /// Acts on one host after the other until the stage closes.
    pub(crate) fn run(mut self) -> Acts {
        let (mut acts, mut dead) = (Acts::default(), 0);
        while let Some((life, url)) = self.stage.after(dead) {
            let api = Api::at(&url);
            let mut left = ACTS_MAX;
            while left > 0 && self.act(&api, &mut acts) {
                left -= 1;
            }
            dead = life;
        }
        acts
    }

    /// False where the host is gone.
    fn act(&mut self, api: &Api, acts: &mut Acts) -> bool {
        let (path, order, count) = match self.random.one_in(2) {
            true => (self.path(REDRIVEN, "redrive"), json!({ "where": AGAIN }), &mut acts.redrives),
            false => {
                let to = BEGINNINGS[self.random.below(2) as usize];
                (self.path(LEDGERS, "seek"), json!({ "to": to }), &mut acts.seeks)
            }
        };
        let Ok((status, answer)): Result<(u16, Value), _> = api.try_tell(&path, &order) else {
            return false;
        };
        assert_eq!(status, 200, "{path} with {order}: {answer:#}");
        *count += 1;
        true
    }

    fn path(&mut self, subscriptions: [&str; 2], act: &str) -> String {
        let subscription = subscriptions[self.random.below(2) as usize];
        format!("/v1/subscriptions/{subscription}/{act}")
    }
}
