//! The other end of the web hook.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millstream_tests::{Call, Hook};
use serde_json::Value;

use crate::book::REFUSED_CENTS;
use crate::sightings::Sight;

/// Of so many messages, one is told to come again the first time.
const BUSY_ONE_IN: u64 = 37;

/// Takes what is posted, except what it refuses; now and then it is busy.
pub(crate) struct Receiver {
    hook: Hook,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    sights: Vec<Sight>,
    told_to_wait: BTreeSet<u64>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let taken = Arc::new(Mutex::new(Taken::default()));
        let own = Arc::clone(&taken);
        let hook = Hook::answering(move |call| lock(&own).answer(call));
        Self { hook, taken }
    }

    pub(crate) fn url(&self) -> &str {
        self.hook.url()
    }

    /// What it took, in the order of the answers.
    pub(crate) fn take(&self) -> Vec<Sight> {
        drop(self.hook.more_calls());
        std::mem::take(&mut lock(&self.taken).sights)
    }
}

impl Taken {
    /// Noted before it is answered: a message whose answer nobody heard was taken all the same.
    fn answer(&mut self, call: &Call) -> u16 {
        let payload: Value = serde_json::from_slice(&call.body).expect("it posts what was booked");
        let number = payload["entry"].as_u64().expect("it has its number");
        if payload["booked_cents"] == REFUSED_CENTS {
            return 400;
        }
        if number.is_multiple_of(BUSY_ONE_IN) && self.told_to_wait.insert(number) {
            return 503;
        }
        let header = |name| call.header(name).expect("the sink sends it").to_owned();
        let life = header("x-life").parse().expect("it is a number");
        self.sights.push(Sight {
            life,
            id: header("idempotency-key"),
            key: header("millstream-key"),
            number,
        });
        200
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}
