//! How careful a swap is.

use std::time::Duration;

use serde::Serialize;

/// Messages that both versions are run on at most: stops a swap that would keep a core busy for hours.
const SHADOW_MAX: u32 = 10_000;
/// A longer probation is a mistyped one.
const PROBATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Long enough to see a plugin fail, short enough to wait for.
const PROBATION: Duration = Duration::from_secs(30);

/// How careful a swap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SwapOptions {
    /// Messages that both versions are run on and compared, before the new one gets any to keep.
    pub shadow: u32,
    /// The percentage of keys that the new version gets first; none: all at once.
    pub canary: Option<u8>,
    /// How long the new version is watched, with the canary's keys and then again with all; zero:
    /// not at all.
    #[serde(rename = "probation_ms", serialize_with = "millis")]
    pub probation: Duration,
}

impl Default for SwapOptions {
    fn default() -> Self {
        Self { shadow: 0, canary: None, probation: PROBATION }
    }
}

impl SwapOptions {
    /// Says what cannot be meant.
    ///
    /// # Errors
    /// The option that is out of its range, and the range.
    pub fn check(&self) -> Result<(), String> {
        if self.shadow > SHADOW_MAX {
            return Err(format!("shadow: at most {SHADOW_MAX} messages, not {}", self.shadow));
        }
        if let Some(percent) = self.canary.filter(|percent| !(1..=99).contains(percent)) {
            return Err(format!("canary: 1 to 99 percent of the keys, not {percent}"));
        }
        if self.canary.is_some() && self.probation.is_zero() {
            return Err("canary: it lasts as long as the probation, which is 0".to_owned());
        }
        if self.probation > PROBATION_MAX {
            return Err("probation: at most 24h".to_owned());
        }
        Ok(())
    }
}

fn millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
