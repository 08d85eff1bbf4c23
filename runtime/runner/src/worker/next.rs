//! How a worker comes to its next delivery, and to the version that handles it.

use std::sync::Arc;

use millstream_plugin_host::StartFailure;
use millstream_queue::{Delivery, LeaseError, LeaseRequest};

use super::{Worker, consumer};
use crate::swap::{Duty, Turn};

/// How a wait for messages ends.
enum Next {
    Delivery(Box<Delivery>),
    /// Something changed: look again.
    Again,
    /// Stop.
    Over,
}

/// Why no messages came.
enum Trouble {
    Start(StartFailure),
    Lease(LeaseError),
}

impl Worker {
    pub(super) async fn next(&mut self) -> Option<Delivery> {
        loop {
            if !self.take_up() {
                return None;
            }
            match self.wait().await {
                Next::Delivery(delivery) => {
                    self.duty.iter().for_each(|duty| duty.show(&delivery));
                    return Some(*delivery);
                }
                Next::Again => {}
                Next::Over => return None,
            }
        }
    }

    /// Takes up the version that is due; false when there is none.
    fn take_up(&mut self) -> bool {
        let Some(duty) = &mut self.duty else { return true };
        match duty.turn() {
            Turn::Stay => true,
            Turn::Over => false,
            Turn::Move(version) => {
                self.health = version.health(self.post.subscription);
                self.handler = Arc::clone(&version.handler);
                // The instance that is dropped here makes room for the one that is started next.
                self.consumer = consumer(&self.post, &version, &self.health);
                self.pace = self.post.pace.cautious();
                true
            }
        }
    }

    /// Waits until the handler can take a batch, and for the batch.
    async fn wait(&mut self) -> Next {
        let request = self.request();
        let Self { post, consumer, health, duty, .. } = self;
        let leased = async {
            health.rested(consumer.must_start()).await;
            consumer.ready().await.map_err(Trouble::Start)?;
            post.broker.lease(request).await.map_err(Trouble::Lease)
        };
        let leased = tokio::select! {
            biased;
            () = post.stop.cancelled() => return Next::Over,
            () = changed(duty) => return Next::Again,
            leased = leased => leased,
        };
        match leased {
            Ok(delivery) => Next::Delivery(Box::new(delivery)),
            Err(Trouble::Start(failure)) => {
                self.start_failed(&failure.to_string());
                Next::Again
            }
            // Another version serves: the duty says in a moment which.
            Err(Trouble::Lease(LeaseError::Fenced)) => self.until_changed().await,
            Err(Trouble::Lease(_)) => Next::Over,
        }
    }

    async fn until_changed(&mut self) -> Next {
        tokio::select! {
            biased;
            () = self.post.stop.cancelled() => Next::Over,
            () = changed(&mut self.duty) => Next::Again,
        }
    }

    fn request(&self) -> LeaseRequest {
        let id = self.post.subscription;
        let version = self.duty.as_ref().and_then(Duty::version);
        LeaseRequest {
            subscription: id,
            generation: version.map_or(self.post.generation, |version| version.generation(id)),
            keys: None,
            messages_max: self.pace.messages(),
            handler: Arc::clone(&self.handler),
        }
    }
}

/// Resolves when the worker may have to take up another version.
async fn changed(duty: &mut Option<Duty>) {
    match duty {
        Some(duty) => duty.changed().await,
        None => std::future::pending().await,
    }
}
