//! The course of one swap: does what the machine says, and tells how it goes.

mod checks;
mod trial;

use std::sync::Arc;

use bytes::Bytes;
use millstream_plugin_host::Plugin;
use millstream_queue::DeployError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::entry::Entry;
use super::judgement::Sample;
use super::machine::{Effect, Event, Machine};
use super::options::SwapOptions;
use super::stage::Stage;

/// One swap.
pub(super) struct Course {
    entry: Arc<Entry>,
    machine: Machine,
    bytes: Bytes,
    /// A reason in it ends the swap.
    end: watch::Receiver<Option<String>>,
    plugin: Option<Plugin>,
    /// What the old version had done when the trial began.
    before: Sample,
}

impl Course {
    pub(super) fn new(
        entry: Arc<Entry>,
        bytes: Bytes,
        options: SwapOptions,
        end: watch::Receiver<Option<String>>,
    ) -> Self {
        let (machine, before) = (Machine::new(options), Sample::default());
        Self { entry, machine, bytes, end, plugin: None, before }
    }

    /// Goes on to the end.
    pub(super) async fn run(mut self) {
        let mut next = Some(self.machine.first());
        while let Some(effect) = next {
            let event = self.perform(effect).await;
            let now = self.entry.deployment.broker.now().monotonic;
            next = self.machine.step(event, now);
            self.tell();
        }
    }

    async fn perform(&mut self, effect: Effect) -> Event {
        match effect {
            Effect::Begin(percent) => self.begin(percent).await,
            Effect::Widen => done(self.entry.deployment.widen().await, Stage::Probation),
            Effect::Promote => self.promote().await,
            Effect::RollBack(why) => self.roll_back(&why).await,
            effect => {
                let ended = ended(self.end.clone(), self.entry.crew.stop.clone());
                tokio::select! {
                    biased;
                    why = ended => Event::Withdraw(why),
                    event = self.attempt(effect) => event,
                }
            }
        }
    }

    /// What may be given up at any time.
    async fn attempt(&mut self, effect: Effect) -> Event {
        match effect {
            Effect::Verify => self.verify().await,
            Effect::Compile => self.compile().await,
            Effect::Configure => self.configure().await,
            Effect::Shadow(messages) => self.shadow(messages).await,
            Effect::LookAt(at) => self.look(at).await,
            // What is not granted was found before anything was compiled.
            _ => Event::Done,
        }
    }

    /// Tells where the swap is now.
    fn tell(&self) {
        let now = self.entry.deployment.broker.now();
        let until = self.machine.until().map(|until| until.saturating_sub(now.monotonic));
        let until = until.map(|left| now.wall_ms + left.as_millis() as u64);
        let reached = self.machine.reached();
        self.entry.update(|status| {
            // It moves with the clocks otherwise.
            let told = status.until.filter(|_| status.state == reached);
            status.until = until.map(|until| told.unwrap_or(until));
            if let Some((stage, why)) = self.machine.reason() {
                status.reason = Some(why.clone());
                status.failed_at = Some(stage.work());
            }
        });
        self.entry.reach(reached);
    }
}

/// Resolves when somebody ends the swap or the host, with the reason.
async fn ended(mut end: watch::Receiver<Option<String>>, stop: CancellationToken) -> String {
    let asked = async {
        let why = end.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        match why {
            Some(why) => why,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.cancelled() => "the host is stopping".to_owned(),
        why = asked => why,
    }
}

fn done(result: Result<(), DeployError>, stage: Stage) -> Event {
    match result {
        Ok(()) => Event::Done,
        Err(refusal) => Event::Failed(stage, refusal.to_string()),
    }
}

/// The machine asks for nothing before what it needs is there.
fn unready() -> Event {
    Event::Withdraw("it is not there any more".to_owned())
}
