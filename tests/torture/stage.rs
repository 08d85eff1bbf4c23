//! Which host serves, for those who publish.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use millstream_tests::PATIENCE;

/// Where the host of the present life is found.
#[derive(Default)]
pub(crate) struct Stage {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    life: u64,
    url: Option<String>,
    closed: bool,
}

impl Stage {
    /// The host of `life` serves at `url`.
    pub(crate) fn serve(&self, life: u64, url: &str) {
        let mut state = self.state();
        (state.life, state.url) = (life, Some(url.to_owned()));
        drop(state);
        self.changed.notify_all();
    }

    /// It is gone.
    pub(crate) fn leave(&self) {
        self.state().url = None;
    }

    /// Those who publish end (true), or may begin.
    pub(crate) fn close(&self, closed: bool) {
        self.state().closed = closed;
        self.changed.notify_all();
    }

    /// Waits for a host of a life after `life`: which, and where it is. None once closed.
    #[track_caller]
    pub(crate) fn after(&self, life: u64) -> Option<(u64, String)> {
        let waits =
            |state: &mut State| !state.closed && (state.life <= life || state.url.is_none());
        let waited = self.changed.wait_timeout_while(self.state(), PATIENCE, waits);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "no host serves after life {life}");
        let url = state.url.clone().filter(|_| !state.closed)?;
        Some((state.life, url))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
