//! Those who publish: each on a connection of its own, with keys of its own, one request at a time.

use std::sync::mpsc::Sender;

use millstream_tests::{Answered, Api};

use crate::book::{Answer, Book, Fate, Kind, Request};
use crate::random::Random;
use crate::stage::Stage;

/// Connections at a time.
pub(crate) const PUBLISHERS: u64 = 4;

/// Keys of each: few, so that a key has messages in every step at any moment.
const KEYS: u64 = 5;

/// Messages of one request, at most.
const MESSAGES_MAX: u64 = 8;

/// Of so many requests, one was sent and answered before.
const REPEATED_ONE_IN: u64 = 20;

pub(crate) struct Publisher<'a> {
    pub(crate) place: u64,
    pub(crate) stage: &'a Stage,
    pub(crate) book: &'a Book,
    /// One for each request that was answered.
    pub(crate) answered: Sender<()>,
    pub(crate) random: Random,
    /// Messages and requests made so far; they go on over rounds, so that no number comes twice.
    pub(crate) made: u64,
    /// Requests that were answered in this round.
    pub(crate) answered_before: Vec<Request>,
}

impl Publisher<'_> {
    /// Publishes until the stage closes. What got no answer is sent again to the next host, or
    /// left unknown. Answers how many numbers were used up.
    pub(crate) fn run(mut self) -> u64 {
        let (mut client, mut dead) = (None::<Api>, 0);
        let mut open = None;
        while let Some((life, url)) = self.stage.after(dead) {
            let api = match client.take() {
                Some(api) => api.moved_to(&url),
                None => Api::at(&url),
            };
            let request = open.take().unwrap_or_else(|| self.next());
            match send(&api, &request) {
                Some(answered) => open = self.accept(request, &answered),
                None => {
                    dead = life;
                    open = self.give_up_or_keep(request);
                }
            }
            client = Some(api);
        }
        if let Some(request) = open {
            self.give_up(&request);
        }
        self.made
    }

    /// Notes the answer; a full topic makes the request come again.
    fn accept(&mut self, request: Request, answered: &Answered) -> Option<Request> {
        if matches!(answered.status, 429 | 503) {
            return Some(request);
        }
        assert_eq!(answered.status, 202, "{request:?} was answered {answered:?}");
        let id = |i: usize| answered.body["ids"][i].as_str().expect("it has an id").to_owned();
        self.book.write(&request, |i| Answer::Accepted(id(i)));
        self.answered_before.push(request);
        // Nobody listens while the last ones end.
        let _ = self.answered.send(());
        None
    }

    fn give_up_or_keep(&mut self, request: Request) -> Option<Request> {
        if self.random.one_in(3) {
            self.give_up(&request);
            return None;
        }
        Some(request)
    }

    fn give_up(&self, request: &Request) {
        self.book.write(request, |_| Answer::Unknown { request: request.number });
    }

    /// Something new, or something old: a producer may be unsure long after it was answered.
    fn next(&mut self) -> Request {
        if self.random.one_in(REPEATED_ONE_IN) && !self.answered_before.is_empty() {
            let place = self.random.below(self.answered_before.len() as u64);
            return self.answered_before.swap_remove(place as usize);
        }
        self.compose()
    }

    fn compose(&mut self) -> Request {
        let number = self.number();
        let kind = if self.random.one_in(6) { Kind::Invoices } else { Kind::Entries };
        let key = format!("{}-{}", self.place, self.random.below(KEYS));
        let messages = 1 + self.random.below(MESSAGES_MAX);
        let messages = (0..messages).map(|_| (self.number(), self.fate())).collect();
        Request { number, kind, key, messages }
    }

    /// Ascends within a publisher and thus within a key; no two publishers share one.
    fn number(&mut self) -> u64 {
        self.made += 1;
        self.made * PUBLISHERS + self.place
    }

    fn fate(&mut self) -> Fate {
        match self.random.below(100) {
            0..3 => Fate::Rejected,
            3..6 => Fate::Exhausted,
            6..9 => Fate::RefusedByHook,
            9..20 => Fate::Handled { locked: 1 },
            20..23 => Fate::Handled { locked: 2 },
            _ => Fate::Handled { locked: 0 },
        }
    }
}

/// The answer; none where the host is gone.
fn send(api: &Api, request: &Request) -> Option<Answered> {
    let headers = [
        ("content-type", "application/x-ndjson"),
        ("millstream-key", request.key.as_str()),
        ("millstream-dedup-from", request.dedup_from()),
    ];
    api.try_publish_with(request.topic(), &headers, request.body()).ok()
}
