//! Operators: pause, seek, purge, redrive.

use millstream_message::{Batch, SubscriptionId, TopicId};
use millstream_queue::Letter;
use millstream_queue::core::{Event, SeekTo};

use super::Driver;
use crate::model::{Check, Parcel, ensure};
use crate::random::Random;

impl Driver {
    pub(super) fn pause(&mut self, s: usize, paused: bool) -> Check {
        self.tell(|| format!("pause sub-{s}: {paused}"));
        let event = Event::Pause(SubscriptionId(s as u32), paused);
        self.step(event, |model, _, _| {
            model.subscriptions[s].paused = paused;
            Ok(())
        })?;
        Ok(())
    }

    pub(super) fn seek(&mut self, s: usize, to: u64) -> Check {
        let to = match to {
            0 | 1 => SeekTo::Earliest,
            2 => SeekTo::Now,
            _ => SeekTo::Time(self.now().wall_ms - 500),
        };
        let t = self.world.subscriptions[s].topic.0 as usize;
        let has: Vec<u64> = self.browse(t).into_keys().collect();
        self.tell(|| format!("seek sub-{s} to {to:?}; topic-{t} has {has:?}"));
        let event = Event::Seek(SubscriptionId(s as u32), to);
        self.step(event, |model, answer, step| model.seek(s, to, &has, answer, step.now))?;
        Ok(())
    }

    pub(super) fn purge(&mut self, t: usize, half: bool) -> Check {
        let end = self.core.end_of(TopicId(t as u32)).unwrap_or(0);
        // Who was dropped for his age without being named is anywhere in the topic.
        let unnamed = self.model.subscriptions.iter().any(|one| one.dropped_unnamed > 0);
        let middle = if half && !unnamed { end - end.min(3) } else { end };
        self.purge_range(t, 0, middle)?;
        if middle < end { self.purge_range(t, middle, end) } else { Ok(()) }
    }

    fn purge_range(&mut self, t: usize, from: u64, below: u64) -> Check {
        self.tell(|| format!("purge topic-{t} from {from} below {below}"));
        let event = Event::Purge(TopicId(t as u32), from, below);
        self.step(event, |model, answer, step| model.purge(t, from, below, answer, step.now))?;
        Ok(())
    }

    pub(super) fn redrive(&mut self, s: usize, letters: u64, seed: u64) -> Check {
        let letters = self.letters_of(s, letters, seed);
        let what: Vec<u64> = letters.iter().map(|letter| letter.sequence).collect();
        self.tell(|| format!("redrive letters {what:?} to sub-{s}"));
        let event = Event::Redrive(SubscriptionId(s as u32), letters.clone());
        self.step(event, |model, answer, step| model.redrive(s, &letters, answer, step.now))?;
        Ok(())
    }

    pub(super) fn purge_letters(&mut self, s: usize, letters: u64, seed: u64) -> Check {
        let letters = self.letters_of(s, letters, seed);
        let what: Vec<u64> = letters.iter().map(|letter| letter.sequence).collect();
        self.tell(|| format!("purge letters {what:?} of sub-{s}"));
        let event = Event::PurgeLetters(letters.clone());
        self.step(event, |model, answer, step| model.purge_letters(&letters, answer, step.now))?;
        Ok(())
    }

    /// Some of the subscription's dead letters; now and then one twice, as two callers would.
    fn letters_of(&self, s: usize, most: u64, seed: u64) -> Vec<Letter> {
        let mut random = Random::new(seed);
        let all = self.model.letters_of(s);
        let from = if all.is_empty() { 0 } else { random.below(all.len() as u64) as usize };
        let mut letters: Vec<Letter> = all
            .into_iter()
            .skip(from)
            .take(most as usize)
            .map(|(topic, sequence, original)| Letter {
                topic,
                sequence,
                id: original.id.dead_letter(&self.world.subscriptions[s].name),
                message: edited(&original, sequence),
                stored: None,
            })
            .collect();
        if random.chance(15) {
            letters.extend(letters.first().cloned());
        }
        letters
    }

    /// Whatever stops deliveries on purpose ends.
    pub(super) fn resume_all(&mut self) -> Check {
        for s in 0..self.world.subscriptions.len() {
            if self.model.subscriptions[s].paused && !self.world.gone[s] {
                self.pause(s, false)?;
            }
        }
        ensure!(self.model.subscriptions.iter().all(|one| !one.paused), "still paused");
        Ok(())
    }
}

/// The message as an operator edited it: not to be mistaken for itself, offered again by a seek.
fn edited(original: &Parcel, sequence: u64) -> Batch {
    let mut edited = original.clone();
    edited.payload.extend(sequence.to_le_bytes());
    edited.batch()
}
