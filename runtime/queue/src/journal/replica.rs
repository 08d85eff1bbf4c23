//! A core that is led by the records of a log, without anybody waiting for it.

use std::collections::HashSet;

use bytes::Bytes;
use millstream_message::{Batch, Message, TopicId};

use super::log::{Archive, Damage, Record};
use super::record;
use crate::clock::Now;
use crate::core::{
    Answer, Core, Declaration, Effects, Event, Kind, Leftover, MAX_STEP_MESSAGES, Named, Refusal,
    Seen,
};
use crate::dead_letter::DEAD_LETTER_PREFIX;
use crate::rules::Exhausted;
use crate::stored::{Stored, placeholder};

/// Bytes of records after which memory is looked at.
const EVICT_EVERY_BYTES: u64 = 1 << 20;

/// A core, and what it takes to lead it.
pub(crate) struct Replica<'a> {
    pub(crate) core: Core,
    fetcher: Fetcher<'a>,
    budget: u64,
    since_evicted: u64,
    /// Sequence of the next record, once one is known.
    next: Option<u64>,
    /// A repair left records out: what follows may come out differently.
    has_gaps: bool,
    /// Messages of publishes whose topic is unknown: its declaration is in a gap.
    unknown: u64,
}

impl<'a> Replica<'a> {
    /// A core whose messages take up to `budget` bytes of memory; the rest stays in the log.
    pub(crate) fn new(core: Core, archive: Archive<'a>, budget: u64) -> Self {
        Self {
            core,
            fetcher: Fetcher::new(archive),
            budget,
            since_evicted: 0,
            next: None,
            has_gaps: false,
            unknown: 0,
        }
    }

    /// The records go on behind this one.
    pub(crate) fn goes_on_after(&mut self, sequence: u64) {
        self.next = Some(sequence + 1);
    }

    /// Fetches what a core that was just loaded needs in memory.
    pub(crate) fn fill(&mut self) -> Result<(), Damage> {
        let Self { core, fetcher, .. } = self;
        core.fill(&mut |stored: &[Stored]| fetcher.fetch(stored))
    }

    /// Steps the event of a record. An error when it is unreadable or comes out differently than
    /// when it was written.
    pub(crate) fn step(&mut self, record: Record) -> Result<(), Damage> {
        let Record { position, sequence, stamp, body } = record;
        self.since_evicted += body.len() as u64;
        self.has_gaps |= self.next.is_some_and(|next| next != sequence);
        self.next = Some(sequence + 1);
        let handler_of = |id| self.core.handler_of(id);
        let decoded = record::decode(body, position, &handler_of);
        let event = decoded.map_err(|one| self.damage(position, sequence, one.0))?;
        while let Some(absent) = self.core.absent(&event, stamp.now).into_iter().next() {
            let batch = self.fetcher.fetch(&absent.stored)?;
            self.since_evicted += batch.resident_bytes() as u64;
            self.core.restore(&absent, batch);
        }
        let published = match &event {
            Event::Publish(_, publication) => publication.len() as u64,
            _ => 0,
        };
        let (answer, effects) = self.core.step(event, stamp.now);
        if matches!(answer, Answer::Refused(Refusal::Unknown)) {
            self.unknown += published;
        }
        if digest(&answer, &effects, &self.core) != stamp.outcome && !self.has_gaps {
            let what = "its event comes out differently than when it was written";
            return Err(self.damage(position, sequence, what));
        }
        if self.since_evicted >= EVICT_EVERY_BYTES {
            self.since_evicted = 0;
            self.core.evict(self.budget, position);
        }
        Ok(())
    }

    /// Finding the file asks the disk: only for what is damaged.
    fn damage(&mut self, position: u64, sequence: u64, what: &str) -> Damage {
        let (file, offset) = self.fetcher.place(position);
        Damage::new(&file, offset, format!("record {sequence}: {what}"))
    }
}

/// Mending what damage left.
impl Replica<'_> {
    /// From now on what cannot be read is noted, rather than refused, and what comes out
    /// differently is taken as it comes.
    pub(crate) fn tolerate(&mut self) {
        self.has_gaps = true;
        self.fetcher.lost = Some(HashSet::new());
    }

    /// Takes out what cannot be read. Answers how many messages were lost.
    pub(crate) fn lose_unreadable(&mut self, now: Now) -> u64 {
        for kept in self.core.kept() {
            // Noted where it fails.
            let _ = self.fetcher.fetch(&kept.stored.to_vec());
        }
        let lost = self.fetcher.lost.take().unwrap_or_default();
        self.unknown + self.core.lose(&lost, now)
    }
}

impl Replica<'_> {
    /// Dead letters of each subscription that is given up with its name.
    pub(crate) fn count_letters(
        &mut self,
        leftovers: &mut Vec<Leftover>,
        new: &Declaration,
    ) -> Result<(), Damage> {
        for rules in self.core.abandoned(new) {
            let Exhausted::DeadLetter(topic) = rules.exhausted else { continue };
            let letters = self.letters_of(topic, &rules.name)?;
            let what = Named { kind: Kind::Subscription, name: rules.name };
            match leftovers.iter_mut().find(|one| one.what == what) {
                Some(known) => known.messages += letters,
                None if letters > 0 => {
                    let why = "is no longer declared and has dead letters".to_owned();
                    leftovers.push(Leftover { what, messages: letters, why });
                }
                None => {}
            }
        }
        Ok(())
    }

    fn letters_of(&mut self, topic: TopicId, subscription: &str) -> Result<u64, Damage> {
        let header = format!("{DEAD_LETTER_PREFIX}subscription");
        let (mut letters, mut from) = (0, 0);
        loop {
            let seen = self.core.browse(topic, from, MAX_STEP_MESSAGES).unwrap_or_default();
            if seen.is_empty() {
                return Ok(letters);
            }
            for part in seen {
                let (first, batch) = match part {
                    Seen::Batch(first, batch) => (first, batch),
                    Seen::Stored(first, stored) => (first, self.fetcher.fetch(&stored)?),
                };
                from = first + batch.len() as u64;
                let own = |message: &Message<'_>| message.header(&header) == Some(subscription);
                letters += batch.iter().filter(own).count() as u64;
            }
        }
    }
}

/// Fetches messages from records; keeps the record used last, since what is fetched together often
/// stands together.
pub(crate) struct Fetcher<'a> {
    archive: Archive<'a>,
    last: Option<(u64, Bytes)>,
    /// What cannot be read is replaced and noted, rather than refused: while a journal is repaired.
    lost: Option<HashSet<Stored>>,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(archive: Archive<'a>) -> Self {
        Self { archive, last: None, lost: None }
    }

    /// The messages of these runs, as one batch.
    pub(crate) fn fetch(&mut self, stored: &[Stored]) -> Result<Batch, Damage> {
        let parts: Result<Vec<Batch>, Damage> = stored.iter().map(|run| self.run(run)).collect();
        gather(&parts?)
    }

    fn run(&mut self, run: &Stored) -> Result<Batch, Damage> {
        match (self.read(run), &mut self.lost) {
            (Err(_), Some(lost)) => {
                lost.insert(*run);
                Ok(placeholder(run.len))
            }
            (read, _) => read,
        }
    }

    fn read(&mut self, run: &Stored) -> Result<Batch, Damage> {
        let body = match &self.last {
            Some((position, body)) if *position == run.position => body.clone(),
            _ => self.archive.read(run.position)?.body,
        };
        self.last = Some((run.position, body.clone()));
        slice(body, run)
    }

    /// The file and the offset in it of a log position.
    fn place(&mut self, position: u64) -> (String, u64) {
        self.archive.place(position)
    }
}

/// A run of a record's messages.
pub(crate) fn slice(body: Bytes, run: &Stored) -> Result<Batch, Damage> {
    let damage = |what: &str| Damage::new(&format!("log position {:#x}", run.position), 0, what);
    let batch = record::batch(body, run.index).map_err(|malformed| damage(malformed.0))?;
    let end = run.first as usize + run.len as usize;
    if end > batch.len() {
        return Err(damage("the record holds fewer messages than it should"));
    }
    Ok(batch.slice(run.first as usize..end).copy_out())
}

/// One batch of parts in order.
pub(crate) fn gather(parts: &[Batch]) -> Result<Batch, Damage> {
    Batch::gather(parts)
        .map_err(|_| Damage::new("log", 0, "messages that were one batch are larger than one"))
}

/// What came of a step, in short: equal for equal steps of equal cores.
pub(crate) fn digest(answer: &Answer, effects: &Effects, core: &Core) -> u32 {
    let (kind, a, b): (u8, u64, u64) = match answer {
        Answer::Done => (1, 0, 0),
        Answer::Published(repeats) => (2, repeats.len() as u64, 0),
        Answer::Waiting(ticket) => (3, ticket.0, 0),
        Answer::Granted(grant) => (4, grant.lease.0, grant.len() as u64),
        Answer::Nothing(_) => (5, 0, 0),
        Answer::OutputsFull(topics) => (6, topics.len() as u64, 0),
        Answer::Moved { looked_at, moved } => (7, *looked_at, *moved),
        Answer::Purged { messages, next } => (8, *messages, next.unwrap_or(u64::MAX)),
        Answer::JudgeAgain => (10, 0, 0),
        Answer::Generation(generation) => (11, *generation, 0),
        Answer::Altered { topics, subscriptions } => {
            let fold = |all: u64, id: u32| all.rotate_left(7) ^ u64::from(id) ^ 1;
            let topics = topics.iter().fold(0, |all, id| fold(all, id.0));
            (12, topics, subscriptions.iter().fold(0, |all, id| fold(all, id.0)))
        }
        Answer::Refused(refusal) => (9, *refusal as u64, 0),
    };
    let mut hash = crc32fast::Hasher::new();
    hash.update(&[kind]);
    for number in [a, b, core.fingerprint(effects)] {
        hash.update(&number.to_le_bytes());
    }
    hash.finalize()
}
