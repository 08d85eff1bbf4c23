//! Messages that are not visible yet.

use std::collections::HashSet;

use super::Topic;
use crate::publication::Arrival;
use crate::stored::Stored;

impl Topic {
    pub(in crate::core) fn delay(&mut self, due_ms: u64, arrival: Arrival, serial: u64) {
        self.bytes += arrival.batch.resident_bytes() as u64;
        self.delayed_messages += arrival.len() as u64;
        self.delayed.insert((due_ms, serial), arrival);
    }

    pub(in crate::core) fn take_due(&mut self, wall_ms: u64) -> Option<Arrival> {
        let first = self.delayed.first_entry().filter(|first| first.key().0 <= wall_ms)?;
        let arrival = first.remove();
        self.undelay(&arrival);
        Some(arrival)
    }

    /// Takes back any delayed messages, the earliest first.
    pub(in crate::core) fn take_delayed(&mut self) -> Option<Arrival> {
        let (_, arrival) = self.delayed.pop_first()?;
        self.undelay(&arrival);
        Some(arrival)
    }

    /// Takes out delayed messages that are kept in one of these places.
    pub(in crate::core) fn lose_delayed(&mut self, lost: &HashSet<Stored>) -> u64 {
        let is_lost = |arrival: &Arrival| arrival.stored.is_some_and(|at| lost.contains(&at));
        let keys: Vec<(u64, u64)> = self
            .delayed
            .iter()
            .filter(|(_, arrival)| is_lost(arrival))
            .map(|(key, _)| *key)
            .collect();
        let before = self.delayed_messages;
        for arrival in keys.iter().filter_map(|key| self.delayed.remove(key)).collect::<Vec<_>>() {
            self.undelay(&arrival);
        }
        before - self.delayed_messages
    }

    fn undelay(&mut self, arrival: &Arrival) {
        self.bytes -= arrival.batch.resident_bytes() as u64;
        self.delayed_messages -= arrival.len() as u64;
    }
}
