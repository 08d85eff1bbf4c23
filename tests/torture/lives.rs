//! One host after another on the same files, each killed at a random moment.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use millstream_tests::{Host, Input, PATIENCE, Project};

use crate::random::Random;
use crate::sightings::{Sight, Trail};
use crate::stage::Stage;

/// Answers after which a host may be killed.
const ANSWERS_MAX: u64 = 40;
/// Microseconds of serving after which a host may be killed.
const SERVING_MAX_US: u64 = 40_000;
/// Lines that the file grows by before a life. More than a source publishes at once.
const LINES_MAX: u64 = 600;
/// Of so many lives, in one all figures must add up.
const SUMMED_ONE_IN: u64 = 5;

/// The files that sinks write.
const TRAILS: [&str; 5] = ["archive", "ledger", "post", "letter-ledger", "keep"];

pub(crate) struct Lives<'a> {
    file: PathBuf,
    feed: File,
    hook_url: String,
    stage: &'a Stage,
    /// One for each answered request.
    answered: Receiver<()>,
    random: Random,
    /// The present one, or the last.
    pub(crate) life: u64,
    /// Lines that the file source has been given.
    pub(crate) lines: u64,
    trails: [Trail; TRAILS.len()],
    /// How long the last host took until it served.
    starting: Duration,
    pub(crate) starting_max: Duration,
}

/// When a host dies.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// Before it serves, if it is not quicker than the last one.
    Starting(Duration),
    /// So long after it began to serve.
    Serving(Duration),
    /// Shortly after so many answers.
    Answers(u64),
}

impl<'a> Lives<'a> {
    pub(crate) fn new(
        project: &Project,
        file: PathBuf,
        hook_url: &str,
        stage: &'a Stage,
        answered: Receiver<()>,
        random: Random,
    ) -> Self {
        let feed = project.path("feed.ndjson");
        let feed = OpenOptions::new().create(true).append(true).open(feed);
        Self {
            file,
            feed: feed.expect("a file can be made"),
            hook_url: hook_url.to_owned(),
            stage,
            answered,
            random,
            life: 0,
            lines: 0,
            trails: TRAILS.map(|name| Trail::new(project.path(&format!("{name}.ndjson")))),
            starting: Duration::ZERO,
            starting_max: Duration::ZERO,
        }
    }

    /// A host that somebody publishes to, until it is killed.
    pub(crate) fn live_and_die(&mut self) {
        let moment = self.moment();
        self.die(moment);
    }

    /// A host that only works off what is there, until it is killed.
    pub(crate) fn work_and_die(&mut self) {
        let moment = Moment::Serving(self.serving());
        self.die(moment);
    }

    /// A host that lives on, after `first` was done to it and before anybody publishes.
    pub(crate) fn live_on(&mut self, first: impl FnOnce(&Host)) -> Host {
        let begun = Instant::now();
        let mut host = self.launch();
        host.wait_until_it_serves();
        self.starting = begun.elapsed();
        self.starting_max = self.starting_max.max(self.starting);
        first(&host);
        self.stage.serve(self.life, host.url());
        host
    }

    pub(crate) fn kill(&mut self, host: Host) {
        host.kill();
        self.bury();
    }

    /// What was written to a sink's file since the last time.
    pub(crate) fn take(&mut self, sink: &str) -> Vec<Sight> {
        let place = TRAILS.iter().position(|name| *name == sink).expect("it is a file sink");
        self.trails[place].take(self.life)
    }

    /// The host is gone, one way or another.
    pub(crate) fn bury(&mut self) {
        self.stage.leave();
        self.trails.iter_mut().for_each(|trail| trail.ended(self.life));
    }

    fn die(&mut self, moment: Moment) {
        let host = match moment {
            Moment::Starting(wait) => {
                let host = self.launch();
                self.wait(wait);
                host
            }
            Moment::Serving(wait) => {
                let host = self.live();
                self.wait(wait);
                host
            }
            Moment::Answers(count) => {
                let host = self.live();
                self.wait_for_answers(count);
                // Not in step with the answer.
                let wait = Duration::from_micros(self.random.below(2_000));
                self.wait(wait);
                host
            }
        };
        self.kill(host);
    }

    fn live(&mut self) -> Host {
        let summed = self.random.one_in(SUMMED_ONE_IN);
        self.live_on(|host| {
            if summed {
                host.api().adds_up();
            }
        })
    }

    fn moment(&mut self) -> Moment {
        match self.random.below(20) {
            0..3 => {
                let longest = self.starting.as_micros() as u64;
                Moment::Starting(Duration::from_micros(self.random.below(longest)))
            }
            3..12 => Moment::Answers(1 + self.random.below(ANSWERS_MAX)),
            _ => Moment::Serving(self.serving()),
        }
    }

    fn serving(&mut self) -> Duration {
        Duration::from_micros(self.random.below(SERVING_MAX_US))
    }

    /// Waits for a random time: until it is over nothing else can happen that ends it.
    fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while self.answered.recv_timeout(end.saturating_duration_since(Instant::now())).is_ok() {}
    }

    pub(crate) fn wait_for_answers(&self, count: u64) {
        for _ in 0..count {
            match self.answered.recv_timeout(PATIENCE) {
                Ok(()) => (),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("nobody gets an answer in life {}", self.life)
                }
                Err(RecvTimeoutError::Disconnected) => panic!("nobody publishes"),
            }
        }
    }

    fn launch(&mut self) -> Host {
        self.life += 1;
        self.grow();
        let life = self.life.to_string();
        let env = [("HOOK", self.hook_url.as_str()), ("LIFE", &life)];
        Host::launch(&self.file, Input::None, &[], &env)
    }

    /// Gives the file source more to read.
    fn grow(&mut self) {
        let added = self.random.below(LINES_MAX);
        let lines: String =
            (1..=added).map(|i| format!("{{\"line\":{}}}\n", self.lines + i)).collect();
        self.feed.write_all(lines.as_bytes()).expect("the file can grow");
        self.lines += added;
    }
}
