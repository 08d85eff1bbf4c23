//! Random pipelines, one applied after the other to a host that works: in the end it is as a host that
//! was started with the last one, and nothing was lost on the way.

use std::collections::BTreeSet;
use std::fmt::Write;

use millstream_tests::{Api, Host, Input, Project, figure, guest};
use serde_json::{Value, json};

use crate::bed::{idle, numbered, publish};

/// Pairs of pipelines: each is the second of one and the first of the next.
const PAIRS: u64 = 200;
/// After so many pairs the host is compared with a fresh one, and after the last.
const COMPARE_EVERY: u64 = 40;
/// Messages to each topic between two pipelines.
const MESSAGES: usize = 6;

/// Xorshift: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A random pipeline, and the topics that take messages from outside. `all` is the same in each.
/// A topic keeps its kind and a subscription its topic: both are in their names.
fn pipeline(seed: u64) -> (String, Vec<String>) {
    let random = &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut topics = String::from("  all: { kind: event }\n  dead: { kind: dead_letter }\n");
    let mut subscriptions = String::from(
        "  all: { topic: all, sink: { file: { path: all.txt } }, dead_letter: dead }\n",
    );
    let mut taken = vec!["all".to_owned()];
    for number in 0..6 {
        if random.below(3) == 0 {
            continue;
        }
        let (command, name) = (number % 2 == 1, format!("t{number}"));
        let kind = if command { "command" } else { "event" };
        let bound = random.one(&["", ", max_messages: 5000", ", max_bytes: 1MiB", ", retain: 1m"]);
        let dedup = random.one(&["", "", ", dedup: { window: 1m }"]);
        writeln!(topics, "  {name}: {{ kind: {kind}{bound}{dedup} }}").unwrap();
        let readers = if command { 1 } else { random.below(3) };
        for reader in 0..readers {
            let settings = settings(random);
            let consumer = match random.below(3) {
                0 => "plugin: echo, output: end",
                1 => "sink: { pass_through: {} }, output: end",
                _ => &format!("sink: {{ file: {{ path: {name}-{reader}.txt }} }}"),
            };
            let rules = format!("topic: {name}, {consumer}, dead_letter: dead, {settings}");
            writeln!(subscriptions, "  {name}-{reader}: {{ {rules} }}").unwrap();
        }
        taken.push(name);
    }
    let timeout = random.one(&["900ms", "1s"]);
    let text = format!(
        "pipeline: pairs\ntopics:\n{topics}  end: {{ kind: event }}\n\
         plugins:\n  echo: {{ source: {}, limits: {{ timeout: {timeout} }} }}\n\
         subscriptions:\n{subscriptions}  end: {{ topic: end, sink: {{ file: {{ path: end.txt }} }}, dead_letter: dead }}\n",
        guest("echo").display(),
    );
    (text, taken)
}

fn settings(random: &mut Random) -> String {
    let ordering = random.one(&["none", "key", "strict"]);
    let (workers, batch) = (1 + random.below(3), 1 + random.below(64));
    let attempts = 2 + random.below(5);
    let filter = random.one(&["", "", ", filter: 'key.endsWith(\"1\")'", ", filter: 'true'"]);
    let rate = random.one(&["", "", ", rate_limit: 50000/s"]);
    let from = random.one(&["new", "new", "earliest"]);
    format!(
        "ordering: {ordering}, concurrency: {workers}, batch: {{ max_messages: {batch} }}, \
         retry: {{ max_attempts: {attempts} }}, from: {from}{filter}{rate}"
    )
}

#[test]
fn two_hundred_random_pairs_end_as_a_fresh_start_of_the_last_and_lose_nothing() {
    let project = Project::kept_on_failure();
    let (text, mut taken) = pipeline(0);
    let file = project.write("pairs.yaml", text);
    let host = Host::start(&file, Input::None, &[]);
    let api = host.api();
    let mut sent = 0;
    for seed in 1..=PAIRS {
        for topic in taken.iter().filter(|topic| *topic != "all") {
            publish(&api, topic, numbered(&format!("{topic} {seed}"), MESSAGES));
        }
        idle(&api);
        // These are on their way while everything around them changes.
        publish(&api, "all", numbered(&format!("all {seed}"), MESSAGES));
        sent += MESSAGES;
        let (text, now) = pipeline(seed);
        let (status, applied) = api.put("/v1/pipeline", text.clone());
        assert_eq!(status, 200, "pair {seed}: {applied:#}\n{text}");
        taken = now;
        api.adds_up();
        if seed % COMPARE_EVERY == 0 {
            sent += as_a_fresh_start(&api, seed, &text, &taken);
        }
    }
    idle(&api);
    let summary = host.terminate();
    assert_eq!(summary.subscription("all", "handled"), sent as u64);
    let lines = project.lines("all.txt");
    let once: BTreeSet<&Vec<u8>> = lines.iter().collect();
    assert_eq!((lines.len(), once.len()), (sent, sent), "lost or repeated");
}

/// Shows the host to be as one that is started with the same pipeline: the same parts with the same
/// settings, and the same figures for the same messages. Gives how many of them `all` got.
fn as_a_fresh_start(api: &Api, seed: u64, text: &str, taken: &[String]) -> usize {
    let project = Project::new();
    let file = project.write("pairs.yaml", text);
    let fresh = Host::start(&file, Input::None, &[]);
    idle(api);
    let done = |api: &Api| {
        let before = figures(api);
        for topic in taken {
            publish(api, topic, numbered(&format!("{topic} compared {seed}"), MESSAGES));
        }
        idle(api);
        differences(&before, &figures(api))
    };
    let (changed, started) = (done(api), done(&fresh.api()));
    assert_eq!(changed, started, "pair {seed}:\n{text}");
    let _ = fresh.terminate();
    MESSAGES
}

/// What only counts up: its growth is compared.
const COUNTED: [&str; 8] = [
    "published",
    "offered",
    "handled",
    "filtered",
    "failed",
    "dead_lettered",
    "dropped",
    "redriven",
];
/// What is compared as it is.
const SHOWN: [&str; 10] = [
    "name",
    "kind",
    "topic",
    "plugin",
    "sink",
    "dead_letter",
    "max_messages",
    "max_bytes",
    "paused",
    "subscriptions",
];

fn figures(api: &Api) -> Vec<Value> {
    let lists = ["/v1/topics", "/v1/subscriptions", "/v1/plugins"];
    let list = |path: &&str| api.get(path).1["items"].as_array().cloned().expect("a list");
    lists.iter().flat_map(list).collect()
}

fn differences(before: &[Value], after: &[Value]) -> Vec<Value> {
    assert_eq!(before.len(), after.len());
    let one = |(before, after): (&Value, &Value)| {
        let grown: Vec<u64> = COUNTED
            .iter()
            .filter(|name| after[**name].is_u64())
            .map(|name| figure(after, name) - figure(before, name))
            .collect();
        let shown: Vec<&Value> = SHOWN.iter().map(|name| &after[*name]).collect();
        json!([shown, grown])
    };
    before.iter().zip(after).map(one).collect()
}
