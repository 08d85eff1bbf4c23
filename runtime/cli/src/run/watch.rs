//! `--watch`: a plugin whose folder or file changes is built and swapped while the pipeline runs, one
//! whose tag has moved is fetched and swapped, and the pipeline file is applied when it changes.
//!
//! Whatever goes wrong on the way, the version that serves goes on, and one line says what happened.

mod disk;
mod plugin;
mod stamp;
mod swapping;
mod tags;

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use millstream_pipeline::{ComponentSource, Plan, render};
use millstream_runner::Running;
use millstream_server::{Pipelines, Refused, Wish};
use tokio::time::{MissedTickBehavior, interval};

use self::disk::{blocking, modified, up_to_date};
use self::plugin::Watched;
use self::stamp::Stamp;
pub(super) use self::tags::{TAGS_EVERY, tags_every};
use crate::logs;
use crate::pipeline_file::{read_text, sources};
use crate::print::harmless;

/// How often files are looked at: soon enough for somebody who has just saved one.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Builds what the plan's plugin folders lack, so that a start finds it.
pub(super) async fn build_missing(sources: impl IntoIterator<Item = ComponentSource>) {
    for source in sources {
        let ComponentSource::Folder(folder) = source else { continue };
        let built = blocking(move || up_to_date(&folder)).await;
        // What cannot be built is a finding of the check that follows.
        built.err().into_iter().for_each(|error| logs::say(&harmless(&format!("{error:#}"))));
    }
}

/// Watches until it is dropped. A registry that answers late holds up no folder.
pub(super) async fn watch(
    file: &Path,
    running: &Running,
    pipelines: &dyn Pipelines,
    tags_every: Duration,
) -> Infallible {
    tokio::join!(watch_files(file, running, pipelines), tags::watch(running, tags_every)).0
}

async fn watch_files(file: &Path, running: &Running, pipelines: &dyn Pipelines) -> Infallible {
    let swaps = running.swaps();
    let mut watched = Vec::new();
    let mut pipeline = Stamp::default();
    let now = modified(file);
    // What was saved since the start read it does not run yet.
    if read_text(file).is_ok_and(|text| text == running.wiring().text()) {
        pipeline.act_on(now);
    }
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        follow(&mut watched, running.wiring().plan());
        for one in &mut watched {
            one.look(&swaps).await;
        }
        if pipeline.settled(modified(file)) {
            apply(file, pipelines).await;
        }
    }
}

/// Whatever is applied, the plugins that run are watched.
fn follow(watched: &mut Vec<Watched>, plan: &Plan) {
    let mut before = std::mem::take(watched);
    for one in &plan.plugins {
        let Some(new) = Watched::new(&one.name, &one.source) else { continue };
        let known = before.iter().position(|old| old.is(&new));
        watched.push(known.map_or(new, |known| before.swap_remove(known)));
    }
}

/// Applies the file and says what came of it. Whatever is wrong, what ran goes on.
async fn apply(file: &Path, pipelines: &dyn Pipelines) {
    let said = match read_text(file) {
        Ok(text) => {
            if let Ok(sources) = sources(file) {
                build_missing(sources).await;
            }
            let base = Some(file.parent().unwrap_or(Path::new("")).to_owned());
            let name = Some(file.display().to_string());
            let wish = Wish { text: text.clone(), base, name, ..Wish::default() };
            match pipelines.apply(wish).await {
                Ok(applied) => applied.to_string(),
                Err(refused) => not_applied(refused, &text),
            }
        }
        Err(error) => format!("{error:#}"),
    };
    logs::say(&harmless(&said));
}

fn not_applied(refused: Refused, text: &str) -> String {
    let why = match refused {
        Refused::Findings { findings, .. } => render(&findings, text, logs::stderr_has_color()),
        Refused::Wrong(what) => what,
        Refused::Apply(error) => error.to_string(),
    };
    format!("{why}\nnot applied: the pipeline of before goes on")
}
