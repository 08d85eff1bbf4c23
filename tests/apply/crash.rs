//! A host that is killed while a pipeline is applied: one of the two runs afterwards, and it says which.

use std::collections::BTreeSet;

use millstream_tests::{Api, Host, Input, Project, figure};

use crate::bed::{idle, numbered, publish};

/// Kills, each a little later in an apply.
const ROUNDS: usize = 16;

fn text(extra: &str) -> String {
    format!(
        "pipeline: shop
broker: {{ journal: {{ path: data }} }}
topics:
  orders: {{ kind: event }}
  jobs-{extra}: {{ kind: command }}
  dead: {{ kind: dead_letter }}
subscriptions:
  write: {{ topic: orders, sink: {{ file: {{ path: out.txt }} }}, dead_letter: dead }}
  work-{extra}: {{ topic: jobs-{extra}, sink: {{ file: {{ path: jobs.txt }} }}, dead_letter: dead }}
"
    )
}

#[test]
fn a_kill_during_an_apply_leaves_one_of_both_pipelines_and_the_start_says_which() {
    let project = Project::new();
    let files = ["a", "b"].map(|name| project.write(&format!("{name}.yaml"), text(name)));
    let (mut now, mut seen) = (0, BTreeSet::new());
    let mut host = Host::start(&files[now], Input::None, &[]);
    for round in 0..ROUNDS {
        let other = 1 - now;
        publish(&host.api(), "orders", numbered(&format!("round {round}"), 20));
        let answered = killed_while_applying(host, &text(["a", "b"][other]), round);
        // The other one goes on if it was applied, else it is now.
        host = Host::launch(&files[other], Input::None, &["--http", "127.0.0.1:0"], &[]);
        let line = host.wait_for("`shop`");
        let applied = line.contains("goes on as it was run or applied last");
        assert!(applied || line.contains("is not the one that was run or applied last"), "{line}");
        assert!(applied || !answered, "an apply that was answered is not there: {line}");
        seen.insert(applied);
        host.wait_until_it_serves();
        assert_eq!(host.api().text("/v1/pipeline"), text(["a", "b"][other]));
        works(&host.api(), ["a", "b"][other], (round as u64 + 1) * 20);
        now = other;
    }
    assert_eq!(seen.len(), 2, "both outcomes must have been seen: {seen:?}");
    let _ = host.terminate();
    let expected: BTreeSet<String> =
        (0..ROUNDS).flat_map(|round| numbered(&format!("round {round}"), 20)).collect();
    let lines = project.lines("out.txt");
    let lines = lines.iter().map(|line| String::from_utf8_lossy(line).into_owned());
    assert_eq!(lines.collect::<BTreeSet<_>>(), expected, "messages are lost");
}

/// Kills the host a few requests after an apply began; says whether that was answered before.
fn killed_while_applying(host: Host, text: &str, round: usize) -> bool {
    let (api, text) = (host.api(), text.to_owned());
    let applying = std::thread::spawn(move || api.try_put("/v1/pipeline", text));
    let api = host.api();
    (0..round * 2).for_each(|_| drop(api.get("/healthz")));
    host.kill();
    let answer = applying.join().expect("the request ends");
    answer.is_ok_and(|(status, answer)| {
        assert_eq!(status, 200, "{answer:#}");
        true
    })
}

/// What runs works, and nothing of before is lost.
fn works(api: &Api, name: &str, orders: u64) {
    publish(api, &format!("jobs-{name}"), numbered("job", 5));
    idle(api);
    let write = api.subscription_until("write", |_| true);
    assert_eq!(figure(&write, "offered"), orders);
    api.adds_up();
}

#[test]
fn a_restart_with_the_file_that_was_applied_goes_on_with_what_was_swapped() {
    let project = Project::new();
    let file = project.write("shop.yaml", text("a"));
    let host = Host::start(&file, Input::None, &[]);
    project.write("shop.yaml", text("b"));
    let _ = host.command(&["apply", file.to_str().expect("a path")]).success();
    host.api().pause("work-b");
    publish(&host.api(), "jobs-b", numbered("job", 7));
    host.kill();
    let mut host = Host::launch(&file, Input::None, &[], &[]);
    host.wait_for("`shop` goes on as it was run or applied last");
    host.wait_until_it_serves();
    let work = host.api().subscription_until("work-b", |_| true);
    assert_eq!((figure(&work, "lag"), &work["paused"]), (7, &true.into()));
    let before = project.write("before.yaml", text("a"));
    host.kill();
    let refused = Host::run(&before, &[], &[], b"");
    assert_eq!(refused.code, Some(2), "messages wait in what it does not declare: {refused:#?}");
}
