//! Publishers: batches with keys, sizes, delays, ages and dedup ids.

use std::rc::Rc;

use millstream_message::TopicId;
use millstream_queue::core::Event;
use millstream_queue::{NEVER, Publication, Terms};

use super::Driver;
use crate::model::{Check, Parcel, Posted, batch_of};
use crate::random::Random;

impl Driver {
    pub(super) fn publish(&mut self, n: u64, messages: u64, seed: u64) -> Check {
        let plain = (0..self.world.topics.len()).filter(|t| !self.is_dead_letter_topic(*t)).count();
        let t = (n % plain as u64) as usize;
        let mut style = Random::new(seed);
        let ages = style.chance(20) && self.world.expires[t];
        let delays = style.chance(20) && self.may_delay(t);
        let ids = self.world.topics[t].dedup.is_some() && style.chance(70);
        let mut terms = Terms::default();
        let mut parcels = Vec::new();
        for i in 0..messages {
            let mut draft = Random::new(seed ^ (i + 1).wrapping_mul(0x9e37_79b9));
            let mut parcel = self.draft(&mut draft);
            let delay = if delays && draft.chance(50) { draft.pick(&[20, 200, 3_000]) } else { 0 };
            let age = draft.pick(&[50, 500, 4_000]);
            if ages && draft.chance(60) {
                parcel.expires_ms = self.now().wall_ms + age;
            }
            terms.delays_ms.push(delay);
            terms.expires_ms.push(parcel.expires_ms);
            let dedup = if draft.chance(70) { 1 + u128::from(draft.below(12)) } else { 0 };
            terms.dedup.push(if ids { dedup } else { 0 });
            parcels.push(parcel);
        }
        self.post(t, parcels, terms)
    }

    /// What is left of a batch when its delayed messages are copied out is charged as the whole:
    /// how many bytes that is changes when it is copied in its turn.
    pub(super) fn may_delay(&self, t: usize) -> bool {
        !self.model.counts_bytes(t)
    }

    fn draft(&mut self, draft: &mut Random) -> Parcel {
        let key = draft.pick(&[None, None, Some("a"), Some("b"), Some("b"), Some("c"), Some("d")]);
        let bytes = draft.pick(&[0, 3, 20, 40, 300]);
        let id = self.next_id();
        let payload = vec![id.as_bytes()[15]; bytes];
        Parcel::new(id, key.map(str::to_owned), payload, self.now().wall_ms)
    }

    fn post(&mut self, t: usize, parcels: Vec<Parcel>, mut terms: Terms) -> Check {
        let now = self.now();
        let all = posted(&parcels, &terms, now.wall_ms);
        if terms.expires_ms.iter().all(|at| *at == NEVER) {
            terms.expires_ms.clear();
        }
        let mut publication = Publication::on_terms(batch_of(&parcels), &terms, now.wall_ms);
        if self.core.hashes_keys(TopicId(t as u32)) {
            publication.hash_keys();
        }
        let (resident, what) = (publication.resident_bytes(), told(&parcels, &terms));
        self.tell(|| format!("publish to topic-{t} ({resident} B):{what}"));
        let event = Event::Publish(TopicId(t as u32), publication);
        self.step(event, |model, answer, step| {
            model.published(t, all, resident, answer, step.now)
        })?;
        Ok(())
    }
}

/// As the topic gets them: what is visible at once first.
fn posted(parcels: &[Parcel], terms: &Terms, wall_ms: u64) -> Vec<Posted> {
    let due = |delay: u64| (delay > 0).then_some(wall_ms + delay);
    let each = parcels.iter().zip(&terms.delays_ms).zip(&terms.dedup);
    let (later, mut all): (Vec<Posted>, Vec<Posted>) = each
        .map(|((parcel, &delay), &dedup)| Posted {
            parcel: Rc::new(parcel.clone()),
            due_ms: due(delay),
            dedup,
        })
        .partition(|one| one.due_ms.is_some());
    all.extend(later);
    all
}

/// The messages for people.
fn told(parcels: &[Parcel], terms: &Terms) -> String {
    let mut text = String::new();
    for (i, parcel) in parcels.iter().enumerate() {
        text += &format!(" {}", super::short(parcel.batch().get(0)));
        let of = |column: &[u64]| column.get(i).copied().unwrap_or(0);
        if of(&terms.delays_ms) > 0 {
            text += &format!("[in {} ms]", of(&terms.delays_ms));
        }
        if parcel.expires_ms != NEVER {
            let age = parcel.expires_ms.saturating_sub(parcel.published_at);
            text += &format!("[for {age} ms]");
        }
        if terms.dedup[i] != 0 {
            text += &format!("[as {}]", terms.dedup[i]);
        }
    }
    text
}
