//! Books entries into accounts: one entry in, one event out that says it was booked.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use millstream_sdk::{Failure, Message, Outputs, handler};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

handler!(book);

fn book(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let entry: Entry<'_> = message.json()?;
    if message.attempt() <= entry.locked {
        return Err(Failure::retry(format!("account {} is locked", entry.account)));
    }
    out.json(&entry.booked())?.key(&entry.account);
    Ok(())
}

/// What is to be booked.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    account: Cow<'a, str>,
    entry: u64,
    cents: i64,
    /// For how many tries somebody else holds the account: what stands here for a database that
    /// comes back after a while.
    #[serde(default)]
    locked: u32,
}

/// Says that it was.
#[derive(Serialize)]
struct Booked<'a> {
    account: &'a str,
    entry: u64,
    booked_cents: i64,
}

impl Entry<'_> {
    fn booked(&self) -> Booked<'_> {
        Booked { account: &self.account, entry: self.entry, booked_cents: self.cents }
    }
}
