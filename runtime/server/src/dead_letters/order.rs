//! What a redrive or a purge asks for.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use millstream_message::MessageId;
use millstream_runner::{Rate, Redrive, Selection};
use serde::Deserialize;

use super::condition;
use crate::problem::Problem;

/// Most ids in one request: each is looked for among all letters.
const IDS_MAX: usize = 10_000;

/// Which letters to move, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    ids: Option<Vec<String>>,
    #[serde(rename = "where")]
    condition: Option<String>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    pub(super) dry_run: bool,
    rate: Option<String>,
    payload: Option<String>,
    payload_base64: Option<String>,
}

impl Order {
    /// Which letters are meant.
    ///
    /// # Errors
    /// 400 unless exactly one of `ids`, `where` and `all` says so, and can be read.
    pub(super) fn selection(&self) -> Result<Selection, Problem> {
        match (&self.ids, self.condition.as_deref(), self.all) {
            (Some(ids), None, false) => self::ids(ids).map(Selection::Ids),
            (None, Some(text), false) => condition(text).map(Selection::Where),
            (None, None, true) => Ok(Selection::All),
            _ => Err(Problem::malformed("give exactly one of `ids`, `where` and `all: true`")),
        }
    }

    /// How they are put back.
    ///
    /// # Errors
    /// 400 for a rate that is none, and a payload that is given twice or is not base64.
    pub(super) fn redrive(self) -> Result<Redrive, Problem> {
        let rate = self.rate.as_deref().map(str::parse::<Rate>).transpose();
        let rate = rate.map_err(|error| Problem::malformed(format!("`rate`: {error}")))?;
        let payload = match (self.payload, self.payload_base64) {
            (Some(_), Some(_)) => {
                return Err(Problem::malformed("give `payload` or `payload_base64`, not both"));
            }
            (text, None) => text.map(Bytes::from),
            (None, Some(base64)) => Some(decoded(&base64)?),
        };
        Ok(Redrive { dry_run: self.dry_run, payload, rate })
    }

    /// Whether they are only counted, and not deleted.
    ///
    /// # Errors
    /// 400 for what only a redrive can do.
    pub(super) fn purge(self) -> Result<bool, Problem> {
        let payload = self.payload.is_some() || self.payload_base64.is_some();
        if payload || self.rate.is_some() {
            return Err(Problem::malformed("`rate` and `payload` are for a redrive, not a purge"));
        }
        Ok(self.dry_run)
    }
}

fn ids(texts: &[String]) -> Result<Vec<MessageId>, Problem> {
    if texts.is_empty() || texts.len() > IDS_MAX {
        return Err(Problem::malformed(format!("`ids` must be 1 to {IDS_MAX}")));
    }
    let wrong = |error| Problem::malformed(format!("`ids`: {error}"));
    texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(wrong)
}

fn decoded(base64: &str) -> Result<Bytes, Problem> {
    let wrong = |error| Problem::malformed(format!("`payload_base64` is not base64: {error}"));
    BASE64_STANDARD.decode(base64).map(Bytes::from).map_err(wrong)
}
