//! What a settle commits.

use millstream_message::MessageId;

use super::section::{Carrier, Numbering, Reader, Writer};
use crate::codec::Malformed;
use crate::dead_letter::DeadLetterReason;
use crate::judge::{Fate, Fates, Judged, Parking};

impl Carrier for Judged {
    fn put<'a>(&'a self, to: &mut Writer<'a>) {
        to.part(&self.fates).part(&self.dead_letters).part(&self.outputs).plain(&self.failed);
    }

    fn get(from: &mut Reader) -> Result<Self, Malformed> {
        let (fates, dead_letters) = (from.part()?, from.part()?);
        Ok(Self { fates, dead_letters, outputs: from.part()?, failed: from.plain()? })
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
            _ => return Err(Malformed("no such fate")),
        })
    }

    fn locate(&mut self, places: &mut Numbering) {
        if let Self::Parked(parking) = self {
            parking.locate(places);
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
