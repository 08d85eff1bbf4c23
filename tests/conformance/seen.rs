//! What is seen of one guest in the running host, and whether it is as claimed.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::Results;
use crate::guest::Guest;
use crate::host::{CLAIMS, LEVELS, TEXTS};

pub(crate) struct Seen<'a> {
    pub(crate) guest: &'a Guest,
    /// Of the messages, as published.
    pub(crate) ids: &'a [String],
    /// Of the host, all of it.
    pub(crate) log: &'a str,
    /// What the guest published.
    pub(crate) texts: Vec<String>,
    /// Its dead letters.
    pub(crate) letters: Vec<Value>,
}

impl Seen<'_> {
    pub(crate) fn results(&self) -> Results {
        CLAIMS.map(|(name, _)| (name.to_owned(), self.wrong_in(name))).into()
    }

    fn wrong_in(&self, scenario: &str) -> String {
        match scenario {
            "host-log" => (0..LEVELS.len()).map(|i| self.record(i)).collect(),
            "host-id" => self.has(|text| text == self.ids[LEVELS.len()], "its id"),
            "host-time" => self.has(|text| text.parse().is_ok_and(is_recent), "its time"),
            "host-attempts" => self.has(|text| text == TEXTS[0], "the third attempt"),
            "host-order" => self.order(),
            "host-exhausted" => self.letter("exhausted", 3, &["retry: never 馬"]),
            "host-reject" => self.letter("rejected", 1, &["reject: void 馬"]),
            "host-trap" => {
                let place = self.guest.place_of_trap();
                self.letter("trapped", 3, &["trap: ", "the sky fell 馬", &place])
            }
            "host-route" => self.letter("astray", 3, &["route: ", "elsewhere"]),
            other => panic!("nobody looks at {other}"),
        }
    }

    fn record(&self, i: usize) -> String {
        let level = LEVELS[i];
        let text = format!("plugin: a record at {} ", level.to_ascii_lowercase());
        let about = format!("subscription={} message_id={} ", self.guest.name, self.ids[i]);
        let parts = [level, &text, &about, "color=blue"];
        let whole = |line: &str| parts.iter().all(|part| line.contains(part));
        unless(self.log.lines().any(whole), || format!("no line with all of {parts:?} "))
    }

    fn has(&self, is_it: impl Fn(&str) -> bool, what: &str) -> String {
        let found = self.texts.iter().any(|text| is_it(text));
        unless(found, || format!("{what} is not among {:?}", self.texts))
    }

    fn order(&self) -> String {
        let of_key = &TEXTS[1..];
        let texts = self.texts.iter().filter(|text| of_key.contains(&text.as_str()));
        let found: Vec<&String> = texts.collect();
        unless(found == of_key, || format!("{found:?}"))
    }

    fn letter(&self, payload: &str, attempts: u32, parts: &[&str]) -> String {
        let Some(letter) = self.letters.iter().find(|letter| letter["payload"] == payload) else {
            return "no dead letter".to_owned();
        };
        let story = &letter["dead_letter"];
        let error = story["error"].as_str().unwrap_or_default();
        let counted = story["attempts"].to_string().trim_matches('"') == attempts.to_string();
        let told = parts.iter().all(|part| error.contains(part));
        unless(counted && told, || format!("{attempts} attempts, {parts:?}: {letter}"))
    }
}

fn unless(fine: bool, wrong: impl Fn() -> String) -> String {
    if fine { String::new() } else { wrong() }
}

#[expect(clippy::disallowed_methods, reason = "the host under test has a clock of its own")]
fn is_recent(ms: u64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    (now.as_secs() - 600..=now.as_secs() + 1).contains(&(ms / 1000))
}
