//! The commands that talk to a running host, and what every command owes to scripts.

use millstream_tests::{
    Host, Input, Output, Project, delays, flights_pipeline, guest, millstream, millstream_in,
};

#[test]
fn publish_topics_and_dead_letters_tell_one_story() {
    let project = Project::new();
    let host = flights_host(&project);
    let at = |args: &[&str]| millstream([&["--url", host.url()], args].concat());

    let message = ["--data", "{oops", "--key", "UA", "--header", "from=test"];
    let published = at(&[&["publish", "departures", "--format", "json"], &message[..]].concat());
    let id = published.success().json()["ids"][0].as_str().expect("an id").to_owned();
    let letters = host.api().dead_letters("find-delays", 1);
    assert_eq!(letters[0]["dead_letter"]["id"], serde_json::json!(id), "{letters:#?}");

    let shown = at(&["dlq", "show", "find-delays", &id]).success().stdout;
    for part in ["malformed JSON", "rejected", "UA", "from=test", "{oops"] {
        assert!(shown.contains(part), "{part:?} is missing in:\n{shown}");
    }
    let listed = at(&["dlq", "ls", "find-delays"]).success().stdout;
    assert!(listed.contains(&id) && listed.contains("reject: malformed JSON"), "{listed}");
    let topics = at(&["topics"]).success().stdout;
    assert!(topics.lines().any(|line| line.starts_with("dead ")), "{topics}");
    let subscriptions = at(&["subscriptions"]).success().stdout;
    assert!(
        subscriptions.contains("plugin delays") && subscriptions.contains("sink file"),
        "{subscriptions}"
    );
    let plugins = at(&["plugins", "--format", "json"]).success().json();
    assert_eq!(plugins["items"][0]["name"], "delays", "{plugins:#}");
    host.terminate().adds_up();
}

#[test]
fn publish_takes_many_lines_in_several_requests() {
    let project = Project::new();
    let host = flights_host(&project);
    let week = "pipelines/data/flights-week.ndjson";
    let args =
        ["--url", host.url(), "publish", "departures", "--ndjson", week, "--key-from", "/carrier"];
    let output = millstream(args).success();
    assert!(output.stdout.contains("published 6,099 messages"), "{output:#?}");
    let summary = host.terminate();
    assert_eq!(summary.topic("departures", "published"), 6_099);
}

#[test]
fn publish_says_how_much_was_accepted_before_a_bad_line() {
    let project = Project::new();
    let host = flights_host(&project);
    let lines = [vec!["{}"; 5_000], vec!["{}", "oops"]].concat().join("\n");
    let file = project.write("lines.ndjson", lines);
    let args =
        ["--url", host.url(), "publish", "departures", "--ndjson", &file.display().to_string()];
    let output = millstream(args);
    assert_eq!(output.code, Some(1), "{output:#?}");
    assert!(
        output.stderr.contains("5,000 messages accepted, then lines 5001 to 5002"),
        "{output:#?}"
    );
}

#[test]
fn what_the_host_refuses_fails_with_its_reason() {
    let project = Project::new();
    let host = flights_host(&project);
    for (args, reason) in [
        (&["publish", "departure", "--data", "x"][..], "departure"),
        (&["dlq", "ls", "nobody"], "nobody"),
        (&["dlq", "show", "find-delays", "00000000-0000-0000-0000-000000000000"], "0000"),
    ] {
        let output = millstream([&["--url", host.url()], args].concat());
        assert_eq!(output.code, Some(1), "{output:#?}");
        assert!(
            output.stderr.starts_with("error: ") && output.stderr.contains(reason),
            "{output:#?}"
        );
    }
}

#[test]
fn a_host_that_is_not_there_is_exit_3() {
    // Nothing listens on a port that was just given back.
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}", free.expect("a port is free"));
    for args in [
        &["topics"][..],
        &["publish", "t", "--data", "x"],
        &["dlq", "ls", "s"],
        &["dlq", "redrive", "s", "--all"],
        &["pause", "s"],
        &["seek", "s", "--to", "now"],
        &["tap", "t"],
    ] {
        let output = millstream([&["--url", &url], args].concat());
        assert_eq!(output.code, Some(3), "{output:#?}");
        assert!(output.stderr.contains(&url) && output.stderr.contains("--url"), "{output:#?}");
    }
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    for args in [
        &["run"][..],
        &["frobnicate"],
        &["publish", "t"],
        &["explain", "MS9999"],
        &["--url", "here", "topics"],
        &["seek", "s"],
        &["dlq", "redrive", "s"],
        &["dlq", "purge", "s", "--all", "--id", "x"],
    ] {
        let output = millstream(args);
        assert_eq!(output.code, Some(2), "{output:#?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{output:#?}");
    }
}

#[test]
fn what_is_not_built_yet_says_so_and_fails() {
    for args in [&["top"][..], &["graph", "f"], &["trace", "id"], &["bench", "f"]] {
        let output = millstream(args);
        assert_eq!(output.code, Some(1), "{args:?}: {output:#?}");
        assert!(output.stderr.contains("not available yet"), "{args:?}: {output:#?}");
    }
}

#[test]
fn the_schema_is_one_json_document() {
    let schema = millstream(["schema"]).success().json();
    assert!(schema["properties"]["subscriptions"].is_object(), "{schema:#}");
}

#[test]
fn a_component_tells_what_it_is() {
    let inspected =
        millstream(["plugin", "inspect", &guest("echo").display().to_string(), "--format", "json"]);
    let inspected = inspected.success().json();
    assert_eq!(
        (&inspected["world"], &inspected["needs"]),
        (&"batch".into(), &serde_json::json!([]))
    );
    let human = millstream(["plugin", "inspect", &delays().display().to_string()]).success().stdout;
    assert!(human.contains("sha256:") && human.contains("batch-handler"), "{human}");
    let text = millstream(["plugin", "inspect", "README.md"]);
    assert_eq!(text.code, Some(1), "{text:#?}");
    assert!(text.stderr.contains("README.md"), "{text:#?}");
}

#[test]
fn a_build_that_fails_says_why() {
    let project = Project::new();
    let manifest = "name = \"p\"\nlanguage = \"rust\"\nbuild = \"echo out of flour; exit 3\"\nartifact = \"p.wasm\"\n";
    project.write("plugin.toml", manifest);
    let output: Output = millstream_in(project.folder(), ["build", "."]);
    assert_eq!(output.code, Some(1), "{output:#?}");
    assert!(
        output.stderr.contains("out of flour") && output.stderr.contains("exit code 3"),
        "{output:#?}"
    );
}

fn flights_host(project: &Project) -> Host {
    Host::start(&flights_pipeline(project, "http: { path: /flights }"), Input::None, &[])
}
