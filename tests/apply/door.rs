//! A door that plugins knock at when they start: who starts one waits until it is opened.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millstream_tests::{Hook, guest};

/// How long somebody may take to knock: a plugin is compiled before.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the plugin `ask-first` asks, until it is dropped: then it is open.
pub(crate) struct Door {
    hook: Hook,
    knocks: Receiver<()>,
    answers: Sender<u16>,
}

impl Door {
    pub(crate) fn closed() -> Self {
        let (knock, knocks) = channel();
        let (answers, answer) = channel();
        let (knock, answer) = (Mutex::new(knock), Mutex::new(answer));
        let hook = Hook::answering(move |_| {
            // Whoever listened may be gone.
            let _ = lock(&knock).send(());
            lock(&answer).recv().unwrap_or(200)
        });
        Self { hook, knocks, answers }
    }

    /// The plugin, as a pipeline file has it. It may wait for as long as a start may take.
    pub(crate) fn plugin(&self) -> String {
        let (source, origin) = (guest("ask-first"), self.hook.origin());
        let authority = origin.trim_start_matches("http://");
        format!(
            "{{ source: {}, config: {{ ask: \"{authority}\" }}, grants: {{ http: [\"{origin}\"] }}, \
             limits: {{ timeout: 25s, batch_timeout: 25s }} }}",
            source.display()
        )
    }

    /// Waits until a plugin stands before it.
    #[track_caller]
    pub(crate) fn until_knocked(&self) {
        self.knocks.recv_timeout(PATIENCE).expect("no plugin starts in time");
    }

    /// Turns away whoever stands before it.
    #[track_caller]
    pub(crate) fn turn_away(&self) {
        self.answers.send(403).expect("the door is closed");
    }

    /// Lets everybody in.
    pub(crate) fn open(self) {}
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
