//! When something was last written, and whether that has come to rest.

use std::time::SystemTime;

/// When something was last written. What is still being written waits.
#[derive(Default)]
pub(super) struct Stamp {
    acted_on: Option<SystemTime>,
    seen: Option<SystemTime>,
}

impl Stamp {
    /// Whether there is a change that was not acted on, and nothing more since the last look.
    pub(super) fn settled(&mut self, now: Option<SystemTime>) -> bool {
        let still = self.seen == now;
        self.seen = now;
        if !still || self.acted_on == now || now.is_none() {
            return false;
        }
        self.acted_on = now;
        true
    }

    /// Our own doing is no change.
    pub(super) fn act_on(&mut self, now: Option<SystemTime>) {
        (self.acted_on, self.seen) = (now, now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_change_counts_once_it_stays_for_a_look() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let mut stamp = Stamp::default();
        let looks = [at(1), at(1), at(2), at(3), at(3), at(3), None, None, at(3)];
        let settled: Vec<bool> = looks.into_iter().map(|now| stamp.settled(now)).collect();
        let expected = [false, true, false, false, true, false, false, false, false];
        assert_eq!(settled, expected);
        stamp.act_on(at(4));
        assert!(!stamp.settled(at(4)));
    }
}
