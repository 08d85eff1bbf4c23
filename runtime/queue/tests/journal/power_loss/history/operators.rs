//! An operator: pauses, redrives, purges, and replaces workers.

use millstream_message::{MessageId, SubscriptionId};
use millstream_queue::{Broker, Letter};

use super::{Effect, Effects, Entry, Player, Spot, book};
use crate::power_loss::letters::{self, Lost};
use crate::world::{EVENTS, WORK};

impl Player {
    pub(super) async fn pause(&mut self) {
        let s = self.any();
        let paused = !self.broker.figures().subscriptions[s as usize].paused;
        let effect = if paused { Effect::Arrives } else { Effect::Leaves };
        let act = book(&self.book).ledger.attempt(vec![(Spot::Paused(s), effect)]);
        let answer = self.broker.pause(SubscriptionId(s), paused).await;
        if self.unless_ended(answer).is_some() {
            self.accepted(act);
        }
    }

    /// Some dead letters of a subscription go back to it.
    pub(super) async fn redrive(&mut self) {
        let s = self.any();
        let lost = self.letters(s);
        if lost.is_empty() {
            return;
        }
        let effects = of(s, &lost, Effect::Redriven);
        for (id, _) in &lost {
            // It may come ahead of what was published before.
            book(&self.book).parcels.entry(*id).and_modify(|parcel| parcel.turn = None);
        }
        let act = book(&self.book).ledger.attempt(effects.clone());
        let count = lost.len() as u64;
        let letters: Vec<Letter> = lost.into_iter().map(|(_, letter)| letter).collect();
        let answer = self.broker.redrive(SubscriptionId(s), letters).await;
        let Some(moved) = self.unless_ended(answer) else { return };
        if moved.moved == count {
            return self.accepted(act);
        }
        let mut book = book(&self.book);
        book.ledger.note(Entry::Refused(act));
        book.ledger.note(Entry::Passed(effects));
    }

    pub(super) async fn purge_letters(&mut self) {
        let s = self.any();
        let lost = self.letters(s);
        let effects = of(s, &lost, Effect::MayLeave);
        let act = book(&self.book).ledger.attempt(effects);
        let letters = lost.into_iter().map(|(_, letter)| letter).collect();
        let answer = self.broker.purge_letters(letters).await;
        if self.unless_ended(answer).is_some() {
            self.accepted(act);
        }
    }

    /// Workers are replaced: what they hold is given back.
    pub(super) async fn fence(&mut self) {
        let s = self.any();
        if self.trial.is_some() {
            return;
        }
        self.replace_workers(s);
        // One that no version on trial had.
        self.newest += 1;
        let generation = self.newest;
        let answer = self.broker.fence(SubscriptionId(s), generation).await;
        self.unless_ended(answer);
    }

    /// What nobody has under lease is gone.
    pub(super) async fn purge(&mut self) {
        let topic = self.random.pick(&[EVENTS, WORK]);
        let effects: Effects = {
            let book = book(&self.book);
            let of_topic = book.parcels.iter().filter(|(_, parcel)| parcel.topic == topic);
            let spots = of_topic.flat_map(|(id, _)| {
                self.world.readers(topic).map(|reader| Spot::Message(reader, *id))
            });
            spots.map(|spot| (spot, Effect::MayLeave)).collect()
        };
        // Step by step, each of its own: some may be gone and others not.
        book(&self.book).ledger.note(Entry::Passed(effects));
        let answer = self.broker.purge(topic).await;
        self.unless_ended(answer);
    }

    /// Up to three dead letters of the subscription, with the ids of their messages.
    fn letters(&mut self, s: u32) -> Vec<(MessageId, Letter)> {
        // The book is not held meanwhile: the disk, which is read, holds itself in a sync and notes it.
        let parcels = book(&self.book).parcels.clone();
        let all = letters::all(&*self.broker, &self.world.subscriptions, &parcels);
        let of_it = all.into_iter().filter(|lost: &Lost| lost.subscription == s);
        let skip = self.random.below(3) as usize;
        of_it.skip(skip).take(3).map(|lost| (lost.original, lost.letter)).collect()
    }

    pub(super) fn any(&mut self) -> u32 {
        self.random.below(self.world.subscriptions.len() as u64) as u32
    }

    pub(super) fn accepted(&self, act: u64) {
        book(&self.book).ledger.note(Entry::Accepted(act, Vec::new()));
    }
}

fn of(s: u32, lost: &[(MessageId, Letter)], effect: Effect) -> Effects {
    lost.iter().map(|(id, _)| (Spot::Message(s, *id), effect)).collect()
}
