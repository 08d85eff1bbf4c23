//! What a settle commits.

use millstream_message::MessageId;

use super::section::{Carrier, Numbering, Reader, Writer};
use crate::codec::{Codec, Malformed};
use crate::dead_letter::DeadLetterReason;
use crate::judge::{Fate, Fates, Judged, Outcome, Parking, Withholding};
use crate::stored::nothing;

impl Carrier for Judged {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.part(&self.fates).part(&self.dead_letters).part(&self.outputs);
        to.plain(&self.failed).plain(&self.revision);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        let (fates, dead_letters) = (from.part()?, from.part()?);
        let (outputs, failed, revision) = (from.part()?, from.plain()?, from.plain()?);
        Ok(Self { fates, dead_letters, outputs, failed, revision })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.fates.locate(places);
        self.dead_letters.locate(places);
        self.outputs.locate(places);
    }
}

impl Carrier for Fates {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        match self {
            Self::AllHandled => to.plain(&0_u8),
            Self::AllReturned => to.plain(&1_u8),
            Self::Each(fates) => to.plain(&2_u8).part(fates),
        };
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        match from.plain::<u8>()? {
            0 => Ok(Self::AllHandled),
            1 => Ok(Self::AllReturned),
            2 => from.part().map(Self::Each),
            _ => Err(Malformed("no such fates")),
        }
    }

    fn locate(&mut self, places: &mut Numbering) {
        if let Self::Each(fates) = self {
            fates.locate(places);
        }
    }
}

impl Carrier for Fate {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        match self {
            Self::Handled => to.plain(&0_u8),
            Self::Filtered => to.plain(&1_u8),
            Self::Dropped => to.plain(&2_u8),
            Self::ExpiredDropped => to.plain(&3_u8),
            Self::DeadLettered(reason, letter) => to.plain(&4_u8).plain(reason).plain(letter),
            Self::Parked(parking) => to.plain(&5_u8).part(&**parking),
            Self::Returned => to.plain(&6_u8),
            Self::Withheld(one) => to.plain(&7_u8).part(&**one),
        };
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(match from.plain::<u8>()? {
            0 => Self::Handled,
            1 => Self::Filtered,
            2 => Self::Dropped,
            3 => Self::ExpiredDropped,
            4 => {
                let (reason, letter): (DeadLetterReason, MessageId) =
                    (from.plain()?, from.plain()?);
                Self::DeadLettered(reason, letter)
            }
            5 => Self::Parked(Box::new(from.part()?)),
            6 => Self::Returned,
            7 => Self::Withheld(Box::new(from.part()?)),
            _ => return Err(Malformed("no such fate")),
        })
    }

    fn locate(&mut self, places: &mut Numbering) {
        match self {
            Self::Parked(parking) => parking.locate(places),
            Self::Withheld(one) => one.locate(places),
            _ => {}
        }
    }
}

impl Carrier for Parking {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.batch(&self.message).plain(&self.history).plain(&self.alone).plain(&self.due);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        let message = from.message()?;
        let (history, alone, due) = (from.plain()?, from.plain()?, from.plain()?);
        Ok(Self { message, history, alone, due, stored: None })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.stored = places.next(1);
    }
}

/// The message, then what becomes of it; a dead letter is a batch as well.
impl Carrier for Withholding {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.batch(&self.message).plain(&self.outcome);
        if let Outcome::Letter { letter, .. } = &self.outcome {
            to.batch(letter);
        }
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        let (message, mut outcome) = (from.message()?, from.plain()?);
        if let Outcome::Letter { letter, .. } = &mut outcome {
            *letter = from.message()?;
        }
        Ok(Self { message, stored: None, outcome })
    }

    fn locate(&mut self, places: &mut Numbering) {
        self.stored = places.next(1);
        if let Outcome::Letter { stored, .. } = &mut self.outcome {
            *stored = places.next(1);
        }
    }
}

/// A dead letter is where the journal keeps it; its message is read beside.
impl Codec for Outcome {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Retry { history, alone, due } => {
                1_u8.put(out);
                (*history, *alone).put(out);
                due.put(out);
            }
            Self::Letter { reason, stored, .. } => {
                2_u8.put(out);
                reason.put(out);
                stored.put(out);
            }
            Self::Drop { failed } => {
                3_u8.put(out);
                failed.put(out);
            }
        }
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        Ok(match u8::get(from)? {
            1 => {
                let (history, alone) = Codec::get(from)?;
                Self::Retry { history, alone, due: Codec::get(from)? }
            }
            2 => {
                let (reason, stored) = (Codec::get(from)?, Codec::get(from)?);
                Self::Letter { reason, letter: nothing(), stored }
            }
            3 => Self::Drop { failed: Codec::get(from)? },
            _ => return Err(Malformed("no such outcome")),
        })
    }
}
