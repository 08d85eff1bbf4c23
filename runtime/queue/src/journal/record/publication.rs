//! Publications, dead letters on their way back, moves, and plugins' bytes: what carries batches
//! beside a settle.

use super::section::{Carrier, Numbering, Reader, Writer};
use crate::codec::Malformed;
use crate::core::{Letter, ModulePart, Move};
use crate::publication::{Arrival, Publication};

impl Carrier for Publication {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.part(&self.visible).part(&self.delayed).plain(&self.position);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { visible: from.part()?, delayed: from.part()?, position: from.plain()? })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.visible.locate(places);
        self.delayed.locate(places);
    }
}

/// Hashes are not written: the core makes those that it needs.
impl Carrier for Arrival {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.batch(&self.batch).plain(&self.dedup).plain(&self.expires_ms);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        let batch = from.batch()?;
        let dedup: Vec<u128> = from.plain()?;
        let expires_ms: Vec<u64> = from.plain()?;
        let fits = |terms: usize| terms == 0 || terms == batch.len();
        if !fits(dedup.len()) || !fits(expires_ms.len()) {
            return Err(Malformed("terms that are not one a message"));
        }
        Ok(Self { batch, dedup, expires_ms, hashes: Vec::new(), stored: None })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.stored = places.next(self.batch.len());
    }
}

impl Carrier for Letter {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        put_without_message(self, to);
        to.batch(&self.message);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        let letter = get_without_message(from)?;
        Ok(Self { message: from.message()?, ..letter })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.stored = places.next(self.message.len());
    }
}

impl Carrier for Move {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.plain(&self.from).batch(&self.batch);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { from: from.plain()?, batch: from.batch()?, to: None })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.to = places.next(self.batch.len());
    }
}

impl Carrier for ModulePart {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.plain(&self.plugin).plain(&self.digest).plain(&self.part).plain(&self.parts);
        to.batch(&self.bytes);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        let (plugin, digest) = (from.plain()?, from.plain()?);
        let (part, parts) = (from.plain()?, from.plain()?);
        Ok(Self { plugin, digest, part, parts, bytes: from.message()?, stored: None })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.stored = places.next(1);
    }
}

/// A letter that is only named.
pub(super) fn put_without_message(letter: &Letter, to: &mut Writer<'_>) {
    to.plain(&letter.topic).plain(&letter.sequence).plain(&letter.id);
}

pub(super) fn get_without_message(from: &mut Reader) -> Result<Letter, Malformed> {
    let (topic, sequence, id) = (from.plain()?, from.plain()?, from.plain()?);
    Ok(Letter { topic, sequence, id, message: crate::stored::nothing(), stored: None })
}
