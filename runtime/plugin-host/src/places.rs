//! Who may have an instance: so many at once, and every subscription at least one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Places for instances. An instance belongs to one subscription for life, so the first of each
/// subscription that ever asked is kept free for it: otherwise one that loses its only instance
/// to a trap could wait for ever behind another's workers.
#[derive(Debug)]
pub(crate) struct Places {
    max: usize,
    /// Instances alive of each subscription that has asked so far.
    alive: Mutex<BTreeMap<Box<str>, usize>>,
    freed: Notify,
}

/// One place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    subscription: Box<str>,
}

impl Places {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, alive: Mutex::default(), freed: Notify::new() })
    }

    /// A place for an instance of `subscription`; none if all are taken.
    pub(crate) fn take(self: &Arc<Self>, subscription: &str) -> Option<Place> {
        let mut alive = self.alive();
        alive.entry(subscription.into()).or_default();
        let free = free(&alive, self.max, subscription);
        let own = alive.get_mut(subscription).filter(|_| free)?;
        *own += 1;
        Some(Place { places: self.clone(), subscription: subscription.into() })
    }

    /// Waits until there is a place for `subscription`. Someone else may take it first.
    pub(crate) async fn room(&self, subscription: &str) {
        loop {
            let freed = self.freed.notified();
            // Counts from here, so that no place is missed that becomes free meanwhile.
            let mut freed = std::pin::pin!(freed);
            freed.as_mut().enable();
            if free(&self.alive(), self.max, subscription) {
                return;
            }
            freed.await;
        }
    }

    /// Keeps nothing any more for subscriptions whose names begin with `prefix`.
    pub(crate) fn forget(&self, prefix: &str) {
        self.alive().retain(|subscription, _| !subscription.starts_with(prefix));
        self.freed.notify_waiters();
    }

    fn alive(&self) -> MutexGuard<'_, BTreeMap<Box<str>, usize>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `subscription` may have one more: its first, or one that no other's first needs.
fn free(alive: &BTreeMap<Box<str>, usize>, max: usize, subscription: &str) -> bool {
    let taken: usize = alive.values().sum();
    let first = alive.get(subscription).is_none_or(|own| *own == 0);
    let owed = if first { 0 } else { alive.values().filter(|own| **own == 0).count() };
    taken + owed < max
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(own) = self.places.alive().get_mut(&self.subscription) {
            *own -= 1;
        }
        self.places.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_subscription_is_kept_for_it() {
        let places = Places::new(3);
        let (first, _billing) = (places.take("audit").unwrap(), places.take("billing").unwrap());
        let _third = places.take("billing").unwrap();
        drop(first);
        assert!(places.take("billing").is_none(), "the free one is kept for `audit`");
        let _again = places.take("audit").unwrap();
        assert!(places.take("audit").is_none() && places.take("late").is_none());
    }

    #[test]
    fn nothing_is_kept_for_who_is_forgotten() {
        let places = Places::new(2);
        drop(places.take("1/audit").unwrap());
        let _one = places.take("2/billing").unwrap();
        assert!(places.take("2/billing").is_none());
        places.forget("1/");
        assert!(places.take("2/billing").is_some());
    }

    #[tokio::test]
    async fn who_waits_is_woken_when_a_place_is_free() {
        let places = Places::new(1);
        let place = places.take("billing").unwrap();
        let waiting = places.clone();
        let room = tokio::spawn(async move { waiting.room("billing").await });
        tokio::task::yield_now().await;
        assert!(!room.is_finished());
        drop(place);
        room.await.unwrap();
        assert!(places.take("billing").is_some());
    }
}
