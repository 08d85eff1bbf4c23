//! Every fault is followed by progress: once nothing is broken any more, all comes to rest, except
//! what waits on purpose.

use std::time::Duration;

use millstream_queue::core::Answer;

use super::Driver;
use crate::model::{Check, State, SubscriptionModel, ensure};

/// Rounds until rest: more than any history needs.
const ROUNDS_MAX: usize = 20_000;

/// When nothing happened for so long, nothing will: longer than anything waits by itself.
const REST: Duration = Duration::from_secs(30);

impl Driver {
    pub(super) fn drain(&mut self) -> Check {
        self.resume_all()?;
        self.decide_all()?;
        self.set_wall_right();
        self.tick()?;
        let mut changed_at = self.now().monotonic;
        for _ in 0..ROUNDS_MAX {
            let before = self.model.seen.clone();
            let worked = self.work()?;
            self.check_time()?;
            let now = self.now().monotonic;
            if !worked {
                match self.next_time() {
                    Some(at) => self.advance_until(at.max(now))?,
                    None => return self.check_rest(),
                }
                self.check_time()?;
            }
            if self.model.seen != before {
                changed_at = now;
            } else if now > changed_at + REST {
                return self.check_rest();
            }
        }
        Err("does not come to rest".to_owned())
    }

    /// Whoever is awake works; false when nobody found anything.
    fn work(&mut self) -> Check<bool> {
        let now = self.now().monotonic;
        let mut worked = !self.held.is_empty();
        self.settle_all()?;
        for s in
            (0..self.world.subscriptions.len()).filter(|s| !self.world.gone[*s]).collect::<Vec<_>>()
        {
            let sleepers = &mut self.model.subscriptions[s].sleepers[0];
            sleepers.pass(now);
            if !sleepers.is_anybody_up(now) {
                continue;
            }
            let request = self.request(s, 256);
            self.tell(|| format!("sub-{s} asks for all it can get"));
            let event = millstream_queue::core::Event::Lease(request.clone());
            let answer =
                self.step(event, |model, answer, step| model.lease(&request, answer, step))?;
            if let Answer::Granted(grant) = answer {
                worked = true;
                self.hold(s, *grant);
                self.settle_all()?;
            }
        }
        // Whoever was woken meanwhile asks again.
        let is_up = |one: &SubscriptionModel| !one.gone && one.sleepers[0].is_anybody_up(now);
        Ok(worked || self.model.subscriptions.iter().any(is_up))
    }

    /// When somebody looks next by himself.
    fn next_time(&self) -> Option<Duration> {
        let sleepers = self.model.subscriptions.iter().filter_map(|one| one.sleepers[0].next());
        sleepers.chain(self.clocks.armed()).min()
    }

    fn check_rest(&self) -> Check {
        for (t, topic) in self.model.topics.iter().enumerate() {
            ensure!(topic.delayed.is_empty(), "topic-{t}: a delayed message is never shown");
            ensure!(topic.line.is_empty(), "topic-{t}: a publisher waits for ever");
            let figures = &self.model.seen.topics[t];
            let kept = figures.depth == 0 && (figures.bytes > 0 || figures.retained > 0);
            ensure!(!kept, "topic-{t}: settled messages are kept for ever: {figures:?}");
        }
        let mut stopped = false;
        for (s, subscription) in self.model.subscriptions.iter().enumerate() {
            let live = subscription.live();
            stopped |= live > 0;
            if live == 0 || self.waits_on_purpose(s) {
                continue;
            }
            let left: Vec<_> = subscription.items.iter().collect();
            return Err(format!("sub-{s}: {live} messages wait for ever: {left:?}"));
        }
        ensure!(stopped || self.core.is_quiet(), "all is at rest, and the core is not quiet");
        Ok(())
    }

    /// A full topic that nobody reads, or keys that a dead letter stops.
    fn waits_on_purpose(&self, s: usize) -> bool {
        let subscription = &self.model.subscriptions[s];
        let items = subscription.items.values();
        let leased = items.clone().any(|item| matches!(item.state, State::Leased(_)));
        let stops = |key: Option<u64>| key.is_some_and(|key| self.model.is_stopped(s, key));
        let free = items.filter(|item| !stops(subscription.order_key(item))).count() as u64;
        let all_stopped = free <= subscription.dropped_unnamed;
        let parking_full = self.model.stopping(s) > 0
            && self.model.seen.subscriptions[s].parked >= subscription.rules.max_parked;
        !leased && (self.model.blocked_by(s).is_some() || all_stopped || parking_full)
    }
}
