//! The bytes of plugins' versions, in parts as a journal keeps them: so a start serves the version that
//! was promoted, and a rollback has something to go back to.

use millstream_message::Batch;

use super::deploy::ModulePart;
use super::{Answer, Core, Refusal};
use crate::codec::{Codec, Malformed};
use crate::stored::{Stored, nothing};

/// Bytes of one part: no record of the journal is so large that others wait for it.
pub const MODULE_PART_BYTES: usize = 1 << 20;

/// Parts of one version: stops a version that nobody could have handed in.
pub const MODULE_PARTS_MAX: u32 = 1_024;

/// The bytes of one version.
#[derive(Clone, Debug)]
pub(super) struct Module {
    parts: u32,
    kept: Vec<Part>,
}

/// Some of the bytes.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) stored: Option<Stored>,
    /// How many there are.
    pub(super) size: u64,
    /// In memory only where no journal keeps them.
    pub(super) bytes: Batch,
}

/// Where a part of a version's bytes is.
#[derive(Clone, Debug)]
pub(crate) enum PartPlace {
    Memory(Batch),
    Journal(Stored),
}

impl Module {
    /// Whether all parts are there.
    pub(super) fn is_whole(&self) -> bool {
        self.kept.len() == self.parts as usize
    }

    pub(super) fn parts_mut(&mut self) -> impl Iterator<Item = &mut Part> {
        self.kept.iter_mut()
    }

    /// A part was lost with a damaged journal: without it the others are of no use.
    pub(super) fn is_lost(&self, lost: &std::collections::HashSet<Stored>) -> bool {
        let is_lost = |part: &Part| part.stored.is_some_and(|stored| lost.contains(&stored));
        self.kept.iter().any(is_lost)
    }
}

impl Core {
    /// Keeps a part of a version's bytes; they come in order. A first part begins anew.
    pub(super) fn keep_module(&mut self, one: ModulePart) -> Result<Answer, Refusal> {
        let ModulePart { plugin, digest, part, parts, bytes, stored } = one;
        let known = self.plugins.contains_key(&plugin) || !self.places_of(&plugin).is_empty();
        if !known {
            return Err(Refusal::Unknown);
        }
        if part >= parts || parts > MODULE_PARTS_MAX {
            return Err(Refusal::TooLarge);
        }
        let record = self.plugins.entry(plugin).or_default();
        if part == 0 {
            record.forget_modules();
            record.modules.insert(digest.clone(), Module { parts, kept: Vec::new() });
        }
        let module = record.modules.get_mut(&digest).ok_or(Refusal::Unknown)?;
        if module.parts != parts || module.kept.len() != part as usize {
            return Err(Refusal::Unknown);
        }
        let size = bytes.resident_bytes() as u64;
        // What the journal has is read when somebody wants it.
        let bytes = if stored.is_some() { nothing() } else { bytes };
        module.kept.push(Part { stored, size, bytes });
        Ok(Answer::Done)
    }

    /// Where the bytes of a version are, part by part; none when they are not all kept.
    pub(crate) fn module(&self, plugin: &str, digest: &str) -> Option<Vec<PartPlace>> {
        let module = self.plugins.get(plugin)?.modules.get(digest).filter(|one| one.is_whole())?;
        let place = |part: &Part| match part.stored {
            Some(stored) => PartPlace::Journal(stored),
            None => PartPlace::Memory(part.bytes.clone()),
        };
        Some(module.kept.iter().map(place).collect())
    }
}

impl Codec for Module {
    fn put(&self, out: &mut Vec<u8>) {
        self.parts.put(out);
        let places: Vec<(Option<Stored>, u64)> =
            self.kept.iter().map(|part| (part.stored, part.size)).collect();
        places.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let (parts, places) = (u32::get(from)?, Vec::<(Option<Stored>, u64)>::get(from)?);
        let part = |(stored, size)| Part { stored, size, bytes: nothing() };
        Ok(Self { parts, kept: places.into_iter().map(part).collect() })
    }
}
