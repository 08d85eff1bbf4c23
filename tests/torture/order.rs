//! The order of a key's messages, as somebody outside sees it.

use std::collections::{BTreeMap, BTreeSet};

use crate::sightings::Sight;

/// Who saw what in which order.
#[derive(Default)]
pub(crate) struct Order<'a> {
    keys: BTreeMap<&'a str, Line>,
    /// Numbers that were given up as `crashed`: after a repeat began they may be left out.
    given_up: BTreeSet<u64>,
    /// Deliveries of what was delivered in an earlier life.
    pub(crate) repeated: u64,
    /// What came out of order, or again within one life.
    pub(crate) broken: Vec<String>,
}

/// One key's.
#[derive(Default)]
struct Line {
    life: u64,
    /// In the order of their first delivery, which ascends.
    seen: Vec<u64>,
    /// The place in `seen` of what must come next; its length where that is something new.
    next: usize,
}

impl<'a> Order<'a> {
    pub(crate) fn without(given_up: BTreeSet<u64>) -> Self {
        Self { given_up, ..Self::default() }
    }

    pub(crate) fn see_all(mut self, sights: &'a [Sight]) -> Self {
        sights.iter().for_each(|sight| self.see(sight));
        self
    }

    /// Within a life numbers ascend. A life may begin with what was delivered before, from some
    /// message on all of it: what was not settled when the host died.
    fn see(&mut self, sight: &'a Sight) {
        let line = self.keys.entry(&sight.key).or_default();
        let first = line.life != sight.life;
        line.life = sight.life;
        if first {
            line.next = line.seen.partition_point(|&seen| seen < sight.number);
        }
        while line
            .seen
            .get(line.next)
            .is_some_and(|&next| next < sight.number && self.given_up.contains(&next))
        {
            line.next += 1;
        }
        match line.seen.get(line.next) {
            Some(&next) if next == sight.number => self.repeated += 1,
            None if line.seen.last().is_none_or(|&last| last < sight.number) => {
                line.seen.push(sight.number);
            }
            _ => return self.broken.push(format!("{sight:?} after {:?}", line.seen.last())),
        }
        line.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many repeats and breaks there are among numbers of one key, by lives.
    fn of(lives: &[&[u64]], given_up: &[u64]) -> (u64, usize) {
        let sight = |life: usize, number: u64| Sight {
            life: life as u64 + 1,
            id: String::new(),
            key: "k".to_owned(),
            number,
        };
        let all = lives.iter().enumerate();
        let sights: Vec<Sight> = all
            .flat_map(|(life, numbers)| numbers.iter().map(move |&number| sight(life, number)))
            .collect();
        let order = Order::without(given_up.iter().copied().collect()).see_all(&sights);
        (order.repeated, order.broken.len())
    }

    #[test]
    fn ascending_numbers_are_in_order_over_lives() {
        assert_eq!(of(&[&[1, 2, 5], &[6], &[], &[9]], &[]), (0, 0));
    }

    #[test]
    fn a_life_may_repeat_the_end_of_what_was_seen() {
        assert_eq!(of(&[&[1, 2, 3], &[2, 3, 4], &[3, 4, 5]], &[]), (4, 0));
        assert_eq!(of(&[&[1, 2, 3], &[2], &[2, 3, 4]], &[]), (3, 0), "it died while it repeated");
    }

    #[test]
    fn a_repeat_within_a_life_is_a_break() {
        assert_eq!(of(&[&[1, 2, 2]], &[]).1, 1);
        assert_eq!(of(&[&[1, 2], &[2, 3, 2]], &[]).1, 1);
    }

    #[test]
    fn a_repeat_that_leaves_something_out_is_a_break() {
        assert_eq!(of(&[&[1, 2, 3], &[1, 3]], &[]).1, 1);
        assert_eq!(of(&[&[1, 2, 3], &[1, 4]], &[]).1, 1);
    }

    #[test]
    fn what_was_given_up_may_be_left_out_of_a_repeat() {
        assert_eq!(of(&[&[1, 2, 3], &[1, 3, 4]], &[2]), (2, 0));
        assert_eq!(of(&[&[1, 2, 3], &[2, 4]], &[3]), (1, 0));
    }

    #[test]
    fn an_older_number_that_comes_first_after_a_newer_one_is_a_break() {
        assert_eq!(of(&[&[1, 3, 2]], &[]).1, 1);
        assert_eq!(of(&[&[1, 3], &[2, 3]], &[]).1, 1);
    }
}
