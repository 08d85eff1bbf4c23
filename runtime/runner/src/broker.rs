//! Where a pipeline's messages wait: in memory, or in a journal.

use std::sync::Arc;

use millstream_pipeline::{BrokerPlan, JournalPlan, Plan, SyncPlan};
use millstream_queue::journal::Folder;
use millstream_queue::{
    Clock, Declaration, EmbeddedBroker, JournalOptions, JournalSync, Recovered,
};

use crate::component::Components;
use crate::error::OpenError;
use crate::launch::Changes;
use crate::rules;

/// The broker that the plan asks for, and what its journal held. A journal is read on a thread of its
/// own: however long that takes, whoever waits for it can give up.
pub(crate) async fn open(
    plan: &BrokerPlan,
    declaration: Declaration,
    clock: &Arc<dyn Clock>,
) -> Result<(EmbeddedBroker, Option<Recovered>), OpenError> {
    let BrokerPlan::Journal(journal) = plan else {
        let clock = Arc::clone(clock);
        let broker = EmbeddedBroker::declared(declaration, clock, rand::random::<u64>);
        return Ok((broker, None));
    };
    let folder = Folder::create(&journal.path).map_err(|error| {
        let what = format!("{}: {error}", journal.path.display());
        OpenError::Journal(millstream_queue::OpenError::Io(what))
    })?;
    let (options, clock) = (options(journal), Arc::clone(clock));
    let opening = tokio::task::spawn_blocking(move || {
        EmbeddedBroker::open(Arc::new(folder), options, declaration, clock, rand::random::<u64>)
    });
    let opened = opening.await.map_err(|ended| {
        OpenError::Journal(millstream_queue::OpenError::Io(format!("reading it: {ended}")))
    })?;
    let (broker, recovered) = opened.map_err(OpenError::Journal)?;
    // What was dropped and renamed stays so, even if the process is killed before the first message.
    broker
        .all_durable()
        .await
        .map_err(|ended| OpenError::Journal(millstream_queue::OpenError::Io(ended.to_string())))?;
    Ok((broker, Some(recovered)))
}

/// What the plan declares, for whoever keeps it.
pub(crate) fn declaration(
    plan: &Plan,
    text: &str,
    components: &Components,
    changes: &Changes,
) -> Declaration {
    Declaration {
        pipeline: plan.name.clone(),
        text: text.to_owned(),
        topics: rules::topics(plan),
        subscriptions: rules::subscriptions(plan),
        sources: plan.sources.iter().map(|source| source.name.clone()).collect(),
        drops: changes.drops.clone(),
        renames: changes.renames.clone(),
        plugins: components.sources(),
    }
}

fn options(journal: &JournalPlan) -> JournalOptions {
    JournalOptions {
        sync: match journal.sync {
            SyncPlan::Always => JournalSync::Always,
            SyncPlan::Interval(every) => JournalSync::Interval(every),
            SyncPlan::Never => JournalSync::Never,
        },
        memory_budget: journal.memory_budget,
        reserve: journal.reserve,
        segment_bytes: journal.segment_bytes,
    }
}
