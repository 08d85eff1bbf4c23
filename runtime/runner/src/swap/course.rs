//! The course of one swap: does what the machine says, and tells how it goes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_plugin_host::{LoadError, Plugin, StartFailure};
use millstream_queue::{DeployError, Share};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::entry::Entry;
use super::judgement::Sample;
use super::machine::{Effect, Event, Machine};
use super::options::SwapOptions;
use super::shadow;
use super::stage::Stage;
use crate::open::settings;
use crate::versions::{Module, is_journalled};

/// How long a new version waits for the place of its first instance.
const PLACE_MAX: Duration = Duration::from_secs(30);

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

    async fn verify(&mut self) -> Event {
        let deployment = &self.entry.deployment;
        let limits = match settings(&deployment.plan()) {
            Ok(settings) => settings.limits.compile,
            Err(error) => return unloadable(&error),
        };
        let inspection = match deployment.host.examine(self.bytes.clone(), limits).await {
            Ok(inspection) => inspection,
            Err(error) => return unloadable(&error),
        };
        let digest = inspection.digest.to_string();
        let serves = deployment.service.borrow().serving.digest() == digest;
        let source = deployment.origins().of(&digest);
        self.entry.update(|status| {
            status.to = Some(digest);
            status.source = source;
        });
        match serves {
            true => Event::Failed(Stage::Verified, "it is the version that serves".to_owned()),
            false => Event::Done,
        }
    }

    async fn compile(&mut self) -> Event {
        let deployment = &self.entry.deployment;
        let settings = match settings(&deployment.plan()) {
            Ok(settings) => settings,
            Err(error) => return unloadable(&error),
        };
        match deployment.host.load(deployment.name(), self.bytes.clone(), settings).await {
            Ok(plugin) => {
                self.plugin = Some(plugin);
                Event::Done
            }
            Err(error) => unloadable(&error),
        }
    }

    /// Starts an instance for every subscription, which then is of no more use.
    async fn configure(&mut self) -> Event {
        let Some(plugin) = self.plugin.clone() else { return unready() };
        for post in &*self.entry.posts() {
            if let Err(why) = try_start(&plugin, &post.name, &post.topic_name).await {
                return Event::Failed(Stage::Configured, format!("`{}`: {why}", post.name));
            }
        }
        Event::Done
    }

    async fn shadow(&mut self, messages: u32) -> Event {
        let Some(plugin) = self.plugin.clone() else { return unready() };
        self.entry.reach(Stage::Shadowing);
        let comparison = shadow::compare(&self.entry, &plugin, messages).await;
        let samples = comparison.samples();
        self.entry.update(|status| status.shadow = Some(comparison));
        match samples {
            Some([old, new]) => Event::Compared { old, new },
            None => Event::Done,
        }
    }

    async fn begin(&mut self, percent: u8) -> Event {
        let share = Share::percent(percent).unwrap_or(Share::ALL);
        let Some(plugin) = self.plugin.clone() else { return unready() };
        let Entry { deployment, crew, .. } = &*self.entry;
        self.before = deployment.service.borrow().serving.figures.sample();
        let bytes = Some(self.bytes.clone()).filter(|_| !is_journalled(&*deployment.broker));
        let begun = deployment.begin(Module { plugin, bytes }, share).await;
        if begun.is_ok() && share != Share::ALL {
            crew.reinforce(deployment, &self.entry.posts(), share);
        }
        done(begun, Stage::Probation)
    }

    /// Waits until `at` and measures both versions.
    async fn look(&mut self, at: Duration) -> Event {
        let deployment = &self.entry.deployment;
        let wait = at.saturating_sub(deployment.broker.now().monotonic);
        tokio::select! {
            biased;
            () = deployment.broker.trial_full(deployment.name()) => {
                return Event::Withdraw("it failed on as many messages as may wait (max_parked)".into());
            }
            () = tokio::time::sleep(wait) => {}
        }
        let service = deployment.service.borrow().clone();
        let Some(trial) = service.trial else { return unready() };
        if let Some(why) = trial.version.start_failure() {
            return Event::Withdraw(why);
        }
        let (all, new) = (service.serving.figures.sample(), trial.version.figures.sample());
        let meanwhile = all.since(&self.before);
        let old = if meanwhile.says_much() { meanwhile } else { all };
        self.entry.update(|status| {
            status.old = Some(old);
            status.new = Some(new);
        });
        Event::Measured { old, new, busy: trial.version.figures.busy() }
    }

    async fn promote(&mut self) -> Event {
        let promoted = self.entry.deployment.promote(Some(self.bytes.clone())).await;
        promoted.map_or_else(
            |refusal| Event::Failed(Stage::Promoted, refusal.to_string()),
            |old| {
                old.into_iter().for_each(|old| self.entry.retire(old));
                Event::Done
            },
        )
    }

    async fn roll_back(&mut self, why: &str) -> Event {
        match self.entry.deployment.roll_back(why).await {
            Ok(trial) => {
                trial.into_iter().for_each(|trial| self.entry.dismiss(trial));
                Event::Done
            }
            Err(refusal) => Event::Failed(Stage::RolledBack, refusal.to_string()),
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

/// Starts an instance, which then is of no more use; says why it does not start.
pub(crate) async fn try_start(
    plugin: &Plugin,
    subscription: &str,
    topic: &str,
) -> Result<(), String> {
    match timeout(PLACE_MAX, start(plugin, subscription, topic)).await {
        Ok(started) => started.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("no place for an instance within {PLACE_MAX:?}")),
    }
}

/// Starts an instance, however long the pool is full.
async fn start(plugin: &Plugin, subscription: &str, topic: &str) -> Result<(), StartFailure> {
    loop {
        match plugin.instantiate(subscription, topic).await {
            Err(StartFailure::Pool(_) | StartFailure::Instances(_)) => {
                plugin.room(subscription).await;
            }
            started => return started.map(drop),
        }
    }
}

/// Where a file that cannot be loaded fails.
fn unloadable(error: &LoadError) -> Event {
    let stage = match error {
        LoadError::UnknownImport(_) | LoadError::NotGranted { .. } | LoadError::NotLinked(_) => {
            Stage::Imports
        }
        LoadError::Compile(_) | LoadError::Settings(_) => Stage::Compiled,
        LoadError::NotWasm
        | LoadError::NoComponentType
        | LoadError::Invalid(_)
        | LoadError::NoHandler
        | LoadError::BothHandlers
        | LoadError::ContractVersion(_)
        | LoadError::WrongType(_) => Stage::Verified,
    };
    Event::Failed(stage, error.to_string())
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
