//! Who can be put to work: workers of a plugin's subscriptions, and the tasks of its swaps.

use std::sync::Arc;

use millstream_queue::Share;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::deployment::Deployment;
use super::duty::Lane;
use crate::error::RunError;
use crate::post::Post;
use crate::worker::Worker;

/// Starts workers, and whatever ends with them.
#[derive(Clone)]
pub(crate) struct Crew {
    /// Where guests run; none: where everything else does.
    pub(crate) threads: Option<Handle>,
    pub(crate) workers: TaskTracker,
    pub(crate) fault: mpsc::Sender<RunError>,
    pub(crate) stop: CancellationToken,
}

impl Crew {
    /// Guests run on threads of their own; sinks only wait, and stay with us.
    pub(crate) fn start(&self, worker: Worker) {
        let name = worker.name().to_owned();
        let task = match self.threads.as_ref().filter(|_| worker.runs_guests()) {
            Some(threads) => threads.spawn(worker.run()),
            None => tokio::spawn(worker.run()),
        };
        self.follow(name, task);
    }

    fn follow(&self, name: String, task: JoinHandle<()>) {
        let ended = async move { task.await.map(|()| Ok(())) };
        self.workers.spawn(watch(name, ended, self.fault.clone()));
    }

    /// Starts workers for a version that has a share of the keys, beside those that there are.
    pub(super) fn reinforce(&self, deployment: &Deployment, posts: &[Arc<Post>], share: Share) {
        for post in posts {
            for _ in 0..workers_for(share, post.concurrency) {
                let worker = Worker::on_duty(post, deployment.duty(Lane::Trial));
                worker.into_iter().for_each(|worker| self.start(worker));
            }
        }
    }

    /// Runs guests to an end, where guests run; none when that panicked. Dropped, it ends.
    pub(super) async fn with_guests<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let task = match &self.threads {
            Some(threads) => threads.spawn(work),
            None => tokio::spawn(work),
        };
        AbortOnDropHandle::new(task).await.ok()
    }

    /// Does something that the end of the run waits for.
    pub(crate) fn spawn(&self, name: String, task: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(task);
        self.follow(name, task);
    }
}

/// Workers out of `all` that do for a share of the keys: one at least.
fn workers_for(share: Share, all: u32) -> u32 {
    (all * u32::from(share.as_percent())).div_ceil(100).max(1)
}

/// Waits for a task and reports how it ended, if not well.
pub(crate) async fn watch(
    name: String,
    task: impl Future<Output = Result<Result<(), RunError>, JoinError>>,
    fault: mpsc::Sender<RunError>,
) {
    let error = match task.await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(ended) if ended.is_cancelled() => return,
        Err(_) => RunError::Panicked(name),
    };
    // A full channel already holds more faults than anybody will read.
    let _ = fault.try_send(error);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_keys_has_a_share_of_the_workers_and_one_at_least() {
        let workers = |percent| workers_for(Share::percent(percent).unwrap(), 4);
        assert_eq!([1, 10, 50, 99, 100].map(workers), [1, 1, 2, 4, 4]);
    }
}
