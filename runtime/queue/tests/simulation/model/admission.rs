//! Publishers in line: let in in order, as soon as there is room.

use millstream_queue::Now;
use millstream_queue::core::Refusal;

use super::{Check, Model, Step, ensure};

impl Model {
    /// There may be room: whoever fits, from the front of the line on, must have been let in.
    pub(crate) fn admit(&mut self, t: usize, now: Now) -> Check {
        // Only the core knows how many bytes became free in the middle of a step.
        if self.counts_bytes(t) {
            return self.admit_what_was(t, now);
        }
        while !self.topics[t].line.is_empty() {
            if !self.admit_first(t, now)? {
                break;
            }
        }
        Ok(())
    }

    /// Follows whom the core let in.
    pub(crate) fn admit_what_was(&mut self, t: usize, now: Now) -> Check {
        while let Some(first) = self.topics[t].line.front() {
            let next = self.admitted.front().map(|(ticket, _)| *ticket);
            let turned = self.turned_away.front().map(|(ticket, _)| *ticket);
            let ticket = Some(first.ticket);
            if next != ticket && turned != ticket {
                break;
            }
            // Whoever does not fit yet may once more is followed; if not, the end of the step tells.
            if !self.admit_first(t, now)? {
                break;
            }
        }
        Ok(())
    }

    /// Messages that are too old make room for publishers whose messages may be too old as well.
    pub(crate) fn admit_as_room_appears(&mut self, t: usize, step: &Step<'_>) -> Check {
        loop {
            let left = self.admitted.len() + self.turned_away.len();
            self.follow_dropped(step);
            self.admit_what_was(t, step.now)?;
            if left == self.admitted.len() + self.turned_away.len() {
                return Ok(());
            }
        }
    }

    pub(crate) fn counts_bytes(&self, t: usize) -> bool {
        self.topics[t].rules.max_bytes < 1 << 30
    }

    /// False when the first in line has to wait.
    fn admit_first(&mut self, t: usize, now: Now) -> Check<bool> {
        let Some(mut first) = self.topics[t].line.pop_front() else { return Ok(false) };
        let repeats = self.topics[t].sift(&mut first.posted, now.wall_ms);
        first.repeats.extend(repeats);
        let ticket = first.ticket;
        if !first.posted.is_empty() {
            if !self.topics[t].ids_fit(&first.posted) {
                let turned = self.turned_away.pop_front();
                let expected = Some((ticket, Refusal::DedupFull));
                ensure!(turned == expected, "topic-{t}: turned away {turned:?}, not {expected:?}");
                return Ok(true);
            }
            let fits = match self.counts_bytes(t) {
                true => {
                    self.depth(t) + first.posted.len() as u64 <= self.topics[t].rules.max_messages
                }
                false => self.find_room(t, first.posted.len() as u64, first.resident),
            };
            if !fits {
                self.topics[t].line.push_front(first);
                return Ok(false);
            }
            self.accept(t, first.posted, now);
        }
        let admitted = self.admitted.pop_front();
        let expected = Some((ticket, first.repeats));
        ensure!(admitted == expected, "topic-{t}: let in {admitted:?}, not {expected:?}");
        Ok(true)
    }
}
