//! Which version a worker serves.

use std::sync::Arc;

use millstream_queue::Delivery;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::service::Service;
use super::version::Version;

/// Which of two versions a worker is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The one that has all keys, or all but a share.
    Main,
    /// The one on trial, as long as it has only a share of the keys.
    Trial,
}

/// What a worker looks at before every lease.
pub(crate) struct Duty {
    lane: Lane,
    service: watch::Receiver<Service>,
    taken_up: Option<(Arc<Version>, TaskTrackerToken)>,
}

/// What a worker has to do next.
pub(crate) enum Turn {
    /// Go on with the version it has.
    Stay,
    /// Take up this one.
    Move(Arc<Version>),
    /// End: there is no such version any more.
    Over,
}

impl Duty {
    pub(crate) fn new(lane: Lane, service: watch::Receiver<Service>) -> Self {
        Self { lane, service, taken_up: None }
    }

    /// Whether the worker is there for a version on trial.
    pub(crate) fn is_trial(&self) -> bool {
        self.lane == Lane::Trial
    }

    /// What the versions of now mean for this worker.
    pub(crate) fn turn(&mut self) -> Turn {
        let Some(due) = self.due() else { return Turn::Over };
        if self.version().is_some_and(|have| Arc::ptr_eq(have, &due)) {
            return Turn::Stay;
        }
        self.taken_up = Some((Arc::clone(&due), due.workers.token()));
        Turn::Move(due)
    }

    fn due(&mut self) -> Option<Arc<Version>> {
        let service = self.service.borrow_and_update();
        match self.lane {
            Lane::Main => Some(Arc::clone(service.foremost())),
            Lane::Trial => {
                service.divided()?;
                service.trial.as_ref().map(|trial| Arc::clone(&trial.version))
            }
        }
    }

    /// Resolves when other versions serve than at the last turn. Never when nobody can swap any more.
    pub(crate) async fn changed(&mut self) {
        if self.service.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The version that the worker has.
    pub(crate) fn version(&self) -> Option<&Arc<Version>> {
        self.taken_up.as_ref().map(|(version, _)| version)
    }

    /// Whether the version that the worker has may still have to go.
    pub(crate) fn on_trial(&self) -> bool {
        let service = self.service.borrow();
        let trial = service.trial.as_ref();
        trial.zip(self.version()).is_some_and(|(trial, have)| Arc::ptr_eq(&trial.version, have))
    }

    /// Says when what the worker has in hand is not wanted any more.
    pub(crate) fn withdrawn(&self) -> Option<CancellationToken> {
        self.version().map(|version| version.withdrawn.clone())
    }

    /// Lets whoever compares versions see what was leased. Who is not quick enough misses it.
    pub(crate) fn show(&self, delivery: &Delivery) {
        if let Some(shadow) = &self.service.borrow().shadow {
            let _ = shadow.try_send((delivery.subscription, delivery.batch.clone()));
        }
    }
}
