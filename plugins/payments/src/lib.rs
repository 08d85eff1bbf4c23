//! Carries out charges: one charge in, one receipt out, or a reason why not.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use millstream_sdk::{Failure, Message, Outputs, handler};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

handler!(pay, configure = check);

fn pay(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let charge: Charge<'_> = message.json()?;
    charge.refuse_unless(settings)?;
    out.json(&charge.receipt(settings))?.key(&charge.customer);
    Ok(())
}

/// The plugin's `config` in the pipeline file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// What may be charged.
    currencies: Vec<String>,
    /// How often the seal of a receipt is hashed: what stands here for work that takes its time.
    seal_rounds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { currencies: vec!["EUR".to_owned()], seal_rounds: 1 }
    }
}

/// A seal that took longer would hardly be one.
const SEAL_ROUNDS_MAX: u32 = 10_000_000;

fn check(settings: Settings) -> Result<Settings, String> {
    if settings.currencies.is_empty() {
        return Err("currencies is empty, nothing could be charged".to_owned());
    }
    match settings.seal_rounds {
        1..=SEAL_ROUNDS_MAX => Ok(settings),
        rounds => Err(format!("seal_rounds is {rounds}, must be 1 to {SEAL_ROUNDS_MAX}")),
    }
}

/// What somebody owes.
#[derive(Deserialize)]
struct Charge<'a> {
    #[serde(borrow)]
    charge: Cow<'a, str>,
    #[serde(borrow)]
    customer: Cow<'a, str>,
    cents: i64,
    #[serde(borrow)]
    currency: Cow<'a, str>,
}

/// Says that it was paid.
#[derive(Serialize)]
struct Receipt<'a> {
    charge: &'a str,
    customer: &'a str,
    paid_cents: i64,
    currency: &'a str,
    seal: String,
}

impl Charge<'_> {
    fn refuse_unless(&self, settings: &Settings) -> Result<(), Failure> {
        let Self { charge, cents, currency, .. } = self;
        if *cents <= 0 {
            return Err(Failure::reject(format!("charge {charge} is over {cents} cents")));
        }
        if !settings.currencies.iter().any(|taken| taken == currency) {
            let taken = settings.currencies.join(", ");
            let why = format!("charge {charge} is in {currency}, taken are {taken}");
            return Err(Failure::reject(why));
        }
        Ok(())
    }

    /// Depends on the charge alone, so that carrying it out again gives the same receipt.
    fn receipt(&self, settings: &Settings) -> Receipt<'_> {
        let (charge, customer, currency) = (&*self.charge, &*self.customer, &*self.currency);
        let seal = format!("{:016x}", seal(charge, settings.seal_rounds));
        Receipt { charge, customer, paid_cents: self.cents, currency, seal }
    }
}

/// FNV-1a over the charge's name, again and again: no signature, only as much work as is asked for.
fn seal(charge: &str, rounds: u32) -> u64 {
    let bytes = (0..rounds).flat_map(|_| charge.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
