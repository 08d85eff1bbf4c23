//! A pipeline that runs, and others that are to take its place.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_message::{BatchBuilder, MessageId, SubscriptionId, TopicId};
use millstream_pipeline::{ComponentSource, Plan, PluginPlan};
use millstream_plugin_host::{Host, HostSettings};
use millstream_queue::Publication;
use tempfile::TempDir;

use crate::apply::{Applied, Applier, ApplyError, ChangeKind, Proposal, Step};
use crate::launch::{Changes, Launch};
use crate::open::open;
use crate::running::Running;
use crate::tests::guests::{built, echo, refuse_config};

const GRACE: Duration = Duration::from_secs(10);

/// A running pipeline in a folder of its own.
pub(super) struct Bed {
    folder: TempDir,
    pub(super) running: Running,
}

impl Bed {
    pub(super) async fn open(text: &str) -> Self {
        let _ = built();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("in.txt"), "").unwrap();
        let plan = crate::tests::plan(text, folder.path());
        let launch = Launch {
            components: components(&plan),
            plan,
            host: host(),
            text: text.to_owned(),
            changes: Changes::default(),
        };
        let running = open(launch).await.unwrap().start();
        Self { folder, running }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn applier(&self) -> Applier {
        self.running.applier()
    }

    fn proposal(&self, text: &str, changes: Changes) -> Proposal {
        let plan = crate::tests::plan(text, self.folder.path());
        let components = components(&plan);
        Proposal::new(plan, components, text.to_owned(), changes)
    }

    /// What applying `text` would change.
    pub(super) async fn told(&self, text: &str, changes: Changes) -> Result<Applied, ApplyError> {
        self.applier().plan(&self.proposal(text, changes)).await
    }

    pub(super) async fn apply(&self, text: &str) -> Result<Applied, ApplyError> {
        self.applier().apply(self.proposal(text, Changes::default())).await
    }

    /// Publishes `messages` to the topic with this id.
    pub(super) async fn publish(&self, topic: u32, messages: usize) {
        let mut builder = BatchBuilder::with_capacity(messages, 0);
        for serial in 0..messages as u128 {
            builder.push(MessageId::published(1, serial), 1, None, [], b"x").unwrap();
        }
        let publication = Publication::now(builder.build());
        self.running.broker().publish(TopicId(topic), publication).await.unwrap();
    }

    pub(super) async fn pause(&self, subscription: u32) {
        self.running.broker().pause(SubscriptionId(subscription), true).await.unwrap();
    }

    /// All that an apply may change.
    pub(super) fn state(&self) -> Vec<String> {
        let site = self.applier().site;
        let plant = site.plant.try_lock().expect("no apply is under way");
        let figures = self.running.broker().figures();
        let mut state = vec![
            self.running.wiring().text().to_owned(),
            format!(
                "{} topics, {} subscriptions",
                figures.topics.len(),
                figures.subscriptions.len()
            ),
            format!(
                "{:?}",
                site.sources().iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
            ),
        ];
        state.extend(plant.stations.iter().map(|one| {
            let (post, ended) = (Arc::as_ptr(&one.post), one.post.stop.is_cancelled());
            format!("{} {post:?} {ended}", one.post.name)
        }));
        state.extend(plant.deployments.iter().map(|one| {
            let (declared, serving) = (one.declared(), Arc::as_ptr(&one.serving()));
            format!("{} {declared:?} {serving:?}", one.name())
        }));
        state.extend(
            plant.intakes.iter().map(|one| format!("{} {}", one.name, one.leave.is_cancelled())),
        );
        state
    }

    pub(super) async fn close(self) {
        self.running.shutdown(GRACE).await;
    }
}

/// One that keeps what it has compiled: the guests are the same in each test.
fn host() -> Host {
    let test = std::env::current_exe().unwrap();
    let cache = test.ancestors().nth(2).map(|folder| folder.join("test-cache/runner"));
    Host::new(HostSettings { cache, ..HostSettings::default() }).unwrap()
}

/// The bytes that the plan's sources stand for.
fn components(plan: &Plan) -> BTreeMap<String, Bytes> {
    let bytes = |one: &PluginPlan| match &one.source {
        ComponentSource::File(path) if path.ends_with("echo.wasm") => echo(),
        ComponentSource::File(path) if path.ends_with("refuse.wasm") => refuse_config(),
        _ => b"no component".to_vec(),
    };
    plan.plugins.iter().map(|one| (one.name.clone(), bytes(one).into())).collect()
}

/// What becomes of something, in a line: `changed topic in max_messages`.
pub(super) fn line(step: &Step) -> String {
    let change = match step.change {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
        ChangeKind::Unchanged => "unchanged",
    };
    let names: Vec<&str> = step.settings.iter().map(|one| one.name.as_str()).collect();
    let was = step.was.as_ref().map(|was| format!(" was {was}")).unwrap_or_default();
    format!("{change} {} {}{was} {}", step.kind, step.name, names.join(" ")).trim_end().to_owned()
}

pub(super) fn lines(applied: &Applied) -> Vec<String> {
    applied.changes.iter().map(line).collect()
}
