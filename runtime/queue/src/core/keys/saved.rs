//! The keys as a checkpoint has them.

use super::{Key, Keys};
use crate::codec::{Codec, Malformed};

impl Codec for Keys {
    fn put(&self, out: &mut Vec<u8>) {
        let mut hashes: Vec<u64> = self.keys.keys().copied().collect();
        hashes.sort_unstable();
        (hashes.len() as u32).put(out);
        for hash in hashes {
            hash.put(out);
            self.keys[&hash].put(out);
        }
        let [old, trial] = &self.ready;
        old.put(out);
        trial.put(out);
        self.share.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let mut keys = Self::default();
        for _ in 0..crate::codec::count(from, 1)? {
            let (hash, key) = (u64::get(from)?, Key::get(from)?);
            key.queue.iter().for_each(|pending| {
                keys.count(pending);
            });
            keys.keys.insert(hash, key);
        }
        keys.ready = [Codec::get(from)?, Codec::get(from)?];
        keys.share = Codec::get(from)?;
        Ok(keys)
    }
}
