//! A clock that moves when a test moves it.

use std::sync::Mutex;
use std::time::Duration;

use millstream_queue::{Clock, Now};

pub(crate) struct ManualClock(Mutex<Now>);

impl ManualClock {
    /// The monotonic time starts anew, as for a process that starts.
    pub(crate) fn starting_at(wall_ms: u64) -> Self {
        Self(Mutex::new(Now { monotonic: Duration::ZERO, wall_ms }))
    }

    pub(crate) fn advance(&self, ms: u64) {
        let mut now = self.0.lock().unwrap();
        now.monotonic += Duration::from_millis(ms);
        now.wall_ms += ms;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap()
    }
}
