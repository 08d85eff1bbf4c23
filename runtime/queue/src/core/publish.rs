//! Letting messages in: at once, later, or not.

use millstream_message::TopicId;

use super::{Answer, Core, Effects, MAX_STEP_MESSAGES, Refusal, Ticket};
use crate::clock::Now;
use crate::publication::{Arrival, Duplicate, NEVER, Publication, SourcePosition};
use crate::rules::{TopicRules, WhenFull};

impl Core {
    pub(super) fn publish(
        &mut self,
        id: TopicId,
        publication: Publication,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let topic = self.topics.get_mut(id.0 as usize).ok_or(Refusal::Unknown)?;
        topic.check_size(&publication)?;
        let mut repeats = Vec::new();
        let publication = sift(topic, publication, &mut repeats, now);
        if publication.is_empty() {
            self.has_read(publication.position);
            return Ok(Answer::Published(repeats));
        }
        if topic.line.is_empty() {
            topic.dedup.check_room(&publication)?;
            if self.find_room(id, &publication, effects) {
                self.append(id, publication, now, effects);
                return Ok(Answer::Published(repeats));
            }
        }
        if self.topics[id.0 as usize].rules.when_full == WhenFull::Reject {
            return Err(Refusal::Full);
        }
        let ticket = Ticket(self.next_serial());
        let line = &mut self.topics[id.0 as usize].line;
        effects.tick_by(line.join(ticket, publication, repeats, now.monotonic)?);
        self.watch(id, now, effects);
        Ok(Answer::Waiting(ticket))
    }

    /// Whether the topic has room, after its oldest messages made way where the rules say so.
    fn find_room(&mut self, id: TopicId, publication: &Publication, effects: &mut Effects) -> bool {
        let (messages, bytes) = (publication.len() as u64, publication.resident_bytes());
        let topic = &self.topics[id.0 as usize];
        if topic.has_room(messages, bytes) {
            return true;
        }
        if topic.rules.when_full == WhenFull::DropOldest {
            self.drop_oldest(id, messages, bytes, effects);
        }
        self.topics[id.0 as usize].has_room(messages, bytes)
    }

    /// Lets publishers in, in order, while there is room.
    pub(super) fn admit_waiting(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        while let Some(mut first) = self.topics[id.0 as usize].line.leave_first() {
            let topic = &mut self.topics[id.0 as usize];
            first.publication = sift(topic, first.publication, &mut first.repeats, now);
            if first.publication.is_empty() {
                self.has_read(first.publication.position);
                effects.admitted.push((first.ticket, first.repeats));
                continue;
            }
            if let Err(refusal) = topic.dedup.check_room(&first.publication) {
                effects.turned_away.push((first.ticket, refusal));
                continue;
            }
            if !self.find_room(id, &first.publication, effects) {
                return self.topics[id.0 as usize].line.return_first(first);
            }
            self.append(id, first.publication, now, effects);
            effects.admitted.push((first.ticket, first.repeats));
        }
    }

    /// Puts messages into a topic, whatever room it has.
    pub(super) fn append(
        &mut self,
        id: TopicId,
        publication: Publication,
        now: Now,
        effects: &mut Effects,
    ) {
        self.has_read(publication.position.clone());
        let Some(topic) = self.topics.get_mut(id.0 as usize) else { return };
        topic.published += publication.len() as u64;
        if topic.rules.when_full == WhenFull::DropOldest {
            self.find_room(id, &publication, effects);
        }
        let topic = &mut self.topics[id.0 as usize];
        let delay = topic.rules.delay.as_millis() as u64;
        let visible = publication.visible.into_iter().map(|arrival| (None, arrival));
        let delayed = publication.delayed.into_iter().map(|(due, arrival)| (Some(due), arrival));
        for (due, mut arrival) in visible.chain(delayed) {
            let topic = &mut self.topics[id.0 as usize];
            topic.dedup.remember(&arrival, now.wall_ms);
            arrival.dedup = Vec::new();
            expire_by_default(&mut arrival, &topic.rules, now);
            let due = due.or((delay > 0).then(|| now.wall_ms.saturating_add(delay)));
            match due {
                Some(due) => {
                    self.serial += 1;
                    topic.delay(due, arrival, self.serial);
                }
                None => self.append_visible(id, arrival, now, effects),
            }
        }
        self.watch(id, now, effects);
    }

    fn has_read(&mut self, position: Option<SourcePosition>) {
        self.positions.extend(position.map(|position| (position.source, position.at)));
    }

    fn append_visible(&mut self, id: TopicId, arrival: Arrival, now: Now, effects: &mut Effects) {
        let topic = &mut self.topics[id.0 as usize];
        if topic.tapped {
            effects.appended.push((id, topic.next, arrival.batch.clone()));
        }
        for reader in &topic.subscriptions {
            self.subscriptions[reader.0 as usize].counters.offered += arrival.len() as u64;
        }
        if !topic.wants_messages() {
            topic.skip(arrival.len() as u64);
            effects.released.push(arrival.batch);
            return;
        }
        if arrival.stored.is_some() {
            effects.grown.push(id);
        }
        topic.append(arrival, now, &mut effects.released);
        effects.wake.extend_from_slice(&topic.subscriptions);
    }

    /// Makes delayed messages visible that are due.
    pub(super) fn publish_due(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        let mut left = MAX_STEP_MESSAGES;
        while left > 0 {
            let Some(due) = self.topics[id.0 as usize].take_due(now.wall_ms) else { return };
            left = left.saturating_sub(due.len());
            self.append_visible(id, due, now, effects);
        }
    }

    /// What follows when a topic's messages became fewer: room for publishers and for those whose
    /// output it is.
    pub(super) fn make_room(&mut self, id: TopicId, now: Now, effects: &mut Effects) {
        let topic = &self.topics[id.0 as usize];
        if !topic.rules.retain.is_zero() || !topic.expiring.is_empty() {
            self.watch(id, now, effects);
        }
        if !self.topics[id.0 as usize].line.is_empty() {
            self.admit_waiting(id, now, effects);
        }
        let topic = &mut self.topics[id.0 as usize];
        if topic.is_full() {
            return;
        }
        effects.wake.append(&mut topic.gated);
        for waiting in std::mem::take(&mut topic.expiry_gated) {
            let topic = &mut self.topics[waiting.0 as usize];
            let again = std::mem::take(&mut topic.expiry_waits);
            topic.expiring.extend(again);
            self.watch(waiting, now, effects);
        }
    }
}

/// Takes repeats out of a publication.
fn sift(
    topic: &mut super::topic::Topic,
    publication: Publication,
    repeats: &mut Vec<Duplicate>,
    now: Now,
) -> Publication {
    topic.dedup.forget(now.wall_ms, MAX_STEP_MESSAGES);
    let before = repeats.len();
    let sifted = topic.dedup.sift(publication, repeats);
    topic.duplicates += (repeats.len() - before) as u64;
    sifted
}

/// Messages that name no age of their own get the topic's.
fn expire_by_default(arrival: &mut Arrival, rules: &TopicRules, now: Now) {
    let Some(age) = rules.expires_in else { return };
    let at = now.wall_ms.saturating_add(age.as_millis() as u64);
    if arrival.expires_ms.is_empty() {
        arrival.expires_ms = vec![at; arrival.len()];
    }
    arrival.expires_ms.iter_mut().filter(|own| **own == NEVER).for_each(|own| *own = at);
}
