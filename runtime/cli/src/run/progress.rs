//! What a run shows while it works: one line that changes on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressDrawTarget, ProgressStyle};
use millstream_runner::{Report, Running};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::logs::{self, PROGRESS};
use crate::print::count;

const ON_TERMINAL: Duration = Duration::from_millis(200);
const ELSEWHERE: Duration = Duration::from_secs(5);

/// Shows progress until it is dropped.
pub(super) async fn show(running: &Running) -> std::convert::Infallible {
    if io::stderr().is_terminal() { on_terminal(running).await } else { elsewhere(running).await }
}

async fn on_terminal(running: &Running) -> std::convert::Infallible {
    let _shown = Shown::start();
    let mut ticks = every(ON_TERMINAL);
    loop {
        ticks.tick().await;
        PROGRESS.set_message(line(&running.report()));
        PROGRESS.tick();
    }
}

/// Says something only when something has happened, so that an idle host is quiet.
async fn elsewhere(running: &Running) -> std::convert::Infallible {
    let mut ticks = every(ELSEWHERE);
    let mut said = String::new();
    loop {
        ticks.tick().await;
        let now = line(&running.report());
        if now != said {
            logs::say(&now);
            said = now;
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The progress line on the terminal; gone when dropped.
struct Shown;

impl Shown {
    fn start() -> Self {
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            PROGRESS.set_style(style);
        }
        PROGRESS.reset_elapsed();
        PROGRESS.set_draw_target(ProgressDrawTarget::stderr());
        Self
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        PROGRESS.finish_and_clear();
    }
}

fn line(report: &Report) -> String {
    let sum = |of: fn(&millstream_runner::SubscriptionReport) -> u64| {
        report.subscriptions.iter().map(of).sum::<u64>()
    };
    let published = report
        .topics
        .iter()
        .filter(|topic| topic.kind != "dead_letter")
        .map(|topic| topic.published);
    format!(
        "{} published, {} handled, {} dead-lettered, {} queued",
        count(published.sum()),
        count(sum(|one| one.handled)),
        count(sum(|one| one.dead_lettered)),
        count(sum(|one| one.queued)),
    )
}
