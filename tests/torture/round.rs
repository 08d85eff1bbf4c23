//! Rounds: publish and kill, let everything come to rest, verify, go on with the same files.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use millstream_tests::{Api, Host, Project, figure, millstream};
use serde_json::Value;

use crate::book::Book;
use crate::lives::Lives;
use crate::operator::Operator;
use crate::publisher::{PUBLISHERS, Publisher};
use crate::random::Random;
use crate::receiver::Receiver;
use crate::setup::{LEDGERS, SUBSCRIPTIONS, Where, pipeline};
use crate::sightings::{listing, purge_dead_letters};
use crate::stage::Stage;
use crate::tally::Tally;
use crate::verification::{Seen, Totals};

/// Kills between two verifications.
const ROUND_KILLS_MAX: u64 = 100;

/// One in so many kills hits a host to which nobody publishes any more.
const WORKING_ONE_IN: u64 = 10;

/// Answers after which a host that nobody kills has seen everything.
const PEACEFUL_ANSWERS: u64 = 200;

/// How long everything may take to come to rest. What has not by then counts as lost.
const REST_MAX: Duration = Duration::from_secs(60);

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Torture {
    pub(crate) broker: Where,
    pub(crate) kills: u64,
    pub(crate) seed: u64,
}

/// Everything that lasts over rounds.
struct Course<'a> {
    lives: Lives<'a>,
    receiver: &'a Receiver,
    stage: &'a Stage,
    book: &'a Book,
    answered: Sender<()>,
    seed: u64,
    /// The folder of the journal, where there is one.
    journal: Option<PathBuf>,
    /// How many numbers each publisher has used up.
    made: [u64; PUBLISHERS as usize],
    /// Lines that were verified.
    lines: u64,
    totals: Totals,
    tally: Tally,
}

impl Torture {
    /// Does it in an empty folder.
    pub(crate) fn run(self, project: &Project) -> Tally {
        // One at a time: the port of a dead host may be given to that of another run.
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        let (stage, book, receiver) = (Stage::default(), Book::default(), Receiver::start());
        let (answered, answers) = channel();
        let file = pipeline(project, self.broker);
        let random = Random::of(self.seed, PUBLISHERS);
        let lives = Lives::new(project, file, receiver.url(), &stage, answers, random);
        let mut course = Course {
            lives,
            receiver: &receiver,
            stage: &stage,
            book: &book,
            answered,
            seed: self.seed,
            journal: (self.broker != Where::Memory).then(|| project.path("data")),
            made: [0; PUBLISHERS as usize],
            lines: 0,
            totals: Totals::default(),
            tally: Tally::default(),
        };
        course.run(self.kills);
        let Course { mut tally, lives, .. } = course;
        (tally.starting_max, tally.took) = (lives.starting_max, begun.elapsed());
        tally
    }
}

impl<'a> Course<'a> {
    fn run(&mut self, kills: u64) {
        // What an operator paused stays so, whatever happens next.
        let host = self.lives.live_on(|host| {
            LEDGERS.into_iter().for_each(|ledger| host.api().pause(ledger));
        });
        if kills == 0 {
            self.publish_while(|course| course.lives.wait_for_answers(PEACEFUL_ANSWERS));
            return self.verify(host);
        }
        self.lives.kill(host);
        self.tally.kills = 1;
        while self.tally.kills < kills {
            self.round((kills - self.tally.kills).min(ROUND_KILLS_MAX));
            eprintln!("{} of {kills} kills, {} faults", self.tally.kills, self.tally.faults());
        }
    }

    /// Publishes and kills, then verifies.
    fn round(&mut self, kills: u64) {
        let working = kills / WORKING_ONE_IN;
        self.publish_while(|course| {
            for _ in working..kills {
                course.lives.live_and_die();
            }
        });
        for _ in 0..working {
            self.lives.work_and_die();
        }
        self.tally.kills += kills;
        let host = self.lives.live_on(|_| ());
        self.verify(host);
    }

    /// Others publish while this happens.
    fn publish_while(&mut self, happens: impl FnOnce(&mut Self)) {
        self.stage.close(false);
        let publishers: Vec<Publisher<'_>> =
            (0..PUBLISHERS).map(|place| self.publisher(place)).collect();
        let (stage, operator) = (self.stage, self.operator());
        let (made, acts) = std::thread::scope(|scope| {
            let threads: Vec<_> = publishers
                .into_iter()
                .map(|publisher| scope.spawn(move || publisher.run()))
                .collect();
            let operating = scope.spawn(|| operator.run());
            // Whatever happens, nobody waits for a host that does not come.
            let _closing = Closing(stage);
            happens(self);
            stage.close(true);
            let made = threads.into_iter().map(|thread| thread.join().expect("it publishes"));
            (made.collect::<Vec<_>>(), operating.join().expect("it redrives and seeks"))
        });
        self.made.copy_from_slice(&made);
        self.tally.acts.add(acts);
    }

    fn operator(&self) -> Operator<'a> {
        let random = Random::of(self.seed, !self.tally.kills);
        Operator { stage: self.stage, random }
    }

    fn publisher(&self, place: u64) -> Publisher<'a> {
        Publisher {
            place,
            stage: self.stage,
            book: self.book,
            answered: self.answered.clone(),
            random: Random::of(self.seed, place ^ (self.tally.kills << 8)),
            made: self.made[place as usize],
            answered_before: Vec::new(),
        }
    }

    /// Lets a host come to rest, and looks at everything.
    fn verify(&mut self, host: Host) {
        let api = host.api();
        come_to_rest(&api, &LEDGERS, self.lives.lines);
        let (booked, letters) = (listing(&api, "booked"), listing(&api, "letters"));
        LEDGERS.into_iter().for_each(|ledger| api.resume(ledger));
        come_to_rest(&api, &[], self.lives.lines);
        LEDGERS.into_iter().for_each(|ledger| api.pause(ledger));
        let lines = (self.lines, self.lives.lines);
        let mut seen = Seen {
            archive: self.lives.take("archive"),
            hook: self.receiver.take(),
            post: self.lives.take("post"),
            keep: self.lives.take("keep"),
            booked,
            letters,
            ledger: self.lives.take("ledger"),
            letter_ledger: self.lives.take("letter-ledger"),
            dead: Seen::dead(&api),
            lines,
        };
        self.lines = lines.1;
        seen.verify(&self.book.take(), &mut self.totals, &mut self.tally);
        self.totals.verify(&api, &mut self.tally);
        SUBSCRIPTIONS.into_iter().for_each(|name| purge_dead_letters(&api, name));
        // Gracefully for once: what a host does at its end must not lose anything either.
        let _ = host.terminate();
        self.lives.bury();
        if let Some(journal) = &self.journal {
            let _ =
                millstream(["journal".as_ref(), "verify".as_ref(), journal.as_os_str()]).success();
        }
    }
}

/// Closes the stage, also when what happens on it fails.
struct Closing<'a>(&'a Stage);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close(true);
    }
}

/// Asks until nothing waits, is under way or is due later, except for those who are `paused`.
fn come_to_rest(api: &Api, paused: &[&str], lines: u64) {
    let end = Instant::now() + REST_MAX;
    while !at_rest(api, paused, lines) && Instant::now() < end {}
}

fn at_rest(api: &Api, paused: &[&str], lines: u64) -> bool {
    let (topics, subscriptions) = (items(api, "topics"), items(api, "subscriptions"));
    let delayed = topics.iter().any(|topic| figure(topic, "delayed") > 0);
    let read =
        topics.iter().any(|topic| topic["name"] == "lines" && figure(topic, "published") >= lines);
    let busy = subscriptions.iter().any(|one| {
        let waiting = !paused.iter().any(|name| one["name"] == *name);
        let lag = if waiting { figure(one, "lag") } else { 0 };
        lag + figure(one, "in_flight") + figure(one, "parked") > 0
    });
    read && !delayed && !busy
}

fn items(api: &Api, what: &str) -> Vec<Value> {
    let (status, list) = api.get(&format!("/v1/{what}"));
    list["items"].as_array().cloned().unwrap_or_else(|| panic!("{status}: {list}"))
}
