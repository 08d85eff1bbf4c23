//! Publishers: several at once, each with keys of its own, with repeats, delays and ages.

use std::sync::Arc;

use bytes::Bytes;
use millstream_message::{BatchBuilder, MessageId, TopicId};
use millstream_queue::{Broker, NEVER, Publication, PublishError, SourcePosition, Terms};

use super::{Effect, Effects, Entry, Player, Spot, all, book};
use crate::power_loss::parcel::{self, Parcel};
use crate::world::{EVENTS, SOURCE, WORK};

impl Player {
    pub(super) async fn publish(&mut self) {
        let clients = self.random.pick(&[1, 1, 1, 2, 5]);
        self.turns += 1;
        let mut tasks = Vec::new();
        for client in 0..clients {
            let topic = self.random.pick(&[EVENTS, EVENTS, EVENTS, WORK]);
            let mut publication = self.draft(client, topic);
            // One source reads one file: its positions follow each other.
            if clients == 1 && self.random.chance(30) {
                let at = Bytes::copy_from_slice(&self.turns.to_le_bytes());
                publication.position = Some(SourcePosition { source: SOURCE.to_owned(), at });
            }
            tasks.push(self.post(topic, publication));
        }
        all(tasks).await;
        self.note_end(Ok(()));
    }

    /// A worker may get messages before their publisher is answered, but not before they last.
    pub(super) async fn publish_to_a_waiting_worker(&mut self) {
        self.turns += 1;
        let publication = self.draft(0, EVENTS);
        let publisher = self.post(EVENTS, publication);
        self.lease().await;
        all(vec![publisher]).await;
        self.note_end(Ok(()));
    }

    fn draft(&mut self, client: u64, topic: TopicId) -> Publication {
        let messages = self.random.pick(&[1, 1, 2, 5, 20]);
        let mut builder = BatchBuilder::with_capacity(messages, 0);
        let mut terms = Terms::default();
        let wall_ms = self.broker.now().wall_ms;
        let delays = self.random.chance(25);
        let ages = self.random.chance(25);
        for _ in 0..messages {
            self.ids += 1;
            let id = MessageId::published(wall_ms, u128::from(self.ids));
            let key = self.random.below(4);
            let key = (key > 0).then(|| format!("client-{client}-{key}"));
            let bytes = self.random.pick(&[0, 10, 10, 200, 1_000, 6_000]);
            let payload: Vec<u8> = (0..bytes).map(|i| (self.ids as usize * 31 + i) as u8).collect();
            let headers = [("seen", "no"), ("kind", "simulated")];
            let headers = headers.into_iter().take(self.random.below(3) as usize);
            builder.push(id, wall_ms, key.as_deref(), headers, &payload).unwrap();
            let delay = if delays { self.random.pick(&[0, 0, 100, 3_000]) } else { 0 };
            let age = if ages { self.random.pick(&[u64::MAX, 500, 5_000]) } else { u64::MAX };
            terms.delays_ms.push(delay);
            terms.expires_ms.push(if age == u64::MAX { NEVER } else { wall_ms + delay + age });
            terms.dedup.push(self.dedup(client));
        }
        if topic != EVENTS {
            terms.dedup.clear();
        }
        Publication::on_terms(builder.build(), &terms, wall_ms)
    }

    /// None, a new one, or one of this client's that was used before.
    fn dedup(&mut self, client: u64) -> u128 {
        match self.random.below(6) {
            0 => u128::from(client + 1) << 64 | u128::from(self.random.below(self.ids) + 1),
            1 | 2 => u128::from(client + 1) << 64 | u128::from(self.ids),
            _ => 0,
        }
    }

    fn post(&mut self, topic: TopicId, publication: Publication) -> tokio::task::JoinHandle<()> {
        let parcels = parcel::of(topic, &publication, Some(self.turns));
        let mut effects = self.arrivals(topic, &parcels);
        if publication.position.is_some() {
            effects.push((Spot::Position(self.turns), Effect::Arrives));
        }
        let act = {
            let mut book = book(&self.book);
            parcel::add(&mut book.parcels, parcels);
            book.ledger.attempt(effects)
        };
        let (broker, shared) = (Arc::clone(&self.broker), Arc::clone(&self.book));
        tokio::spawn(async move {
            let entry = match broker.publish(topic, publication).await {
                Ok(repeats) => {
                    Entry::Accepted(act, repeats.into_iter().map(|one| one.refused).collect())
                }
                Err(PublishError::Ended(_)) => return book(&shared).ended = true,
                Err(_) => Entry::Refused(act),
            };
            book(&shared).ledger.note(entry);
        })
    }

    /// What publishing these does at every subscription of the topic.
    pub(super) fn arrivals(&self, topic: TopicId, parcels: &[(MessageId, Parcel)]) -> Effects {
        let readers: Vec<u32> = self.world.readers(topic).collect();
        let each = parcels.iter().flat_map(|(id, parcel)| {
            let effect = if parcel.dedup == 0 { Effect::Arrives } else { Effect::MayArrive };
            readers.iter().map(move |reader| (Spot::Message(*reader, *id), effect))
        });
        each.collect()
    }
}
