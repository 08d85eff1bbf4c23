//! Any language: a new plugin builds, passes its cases and runs as its README says, and one example is
//! the same in all of them. What this machine has no toolchain for is skipped, and said.

mod first_plugin;
mod own_language;

use millstream_tests::{
    DEAD_LETTERS, Host, Input, NOTIFICATIONS, Project, Summary, flights_pipeline, millstream,
    millstream_in, plugin, ready_examples, recommended_memory, repository, type_in,
};

#[test]
fn a_language_without_an_sdk_is_refused_with_those_that_have_one() {
    let refused = millstream(["new", "shout", "--lang", "cobol"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("rust, go, python, javascript, typescript, c"), "{refused:#?}");
    assert!(refused.stderr.contains("see sdk/README.md"), "{refused:#?}");
}

#[test]
fn the_doctor_says_of_every_language_whether_it_is_ready() {
    let checks = millstream(["doctor", "--format", "json"]).json();
    for language in ["rust", "go", "python", "javascript", "c", "zig"] {
        let checks = checks["checks"].as_array().expect("checks are a list").iter();
        let found: Vec<_> = checks.filter(|check| check["name"] == language).collect();
        assert_eq!(found.len(), 1, "{language}");
        let (says, ready) = (found[0]["says"].as_str(), found[0]["state"] == "fine");
        let says = says.expect("it says something");
        assert_eq!(says.starts_with("ready: "), ready, "{language}: {says}");
        assert_eq!(says.contains("missing: "), !ready, "{language}: {says}");
    }
}

/// Under the limit that the language's template sets.
#[test]
fn the_flights_are_the_same_in_every_language_within_its_memory() {
    for example in ready_examples() {
        let (language, folder) = (example.language, plugin(example.plugin));
        let tested = millstream(["test".as_ref(), folder.as_os_str()]).success();
        assert!(tested.stdout.contains("6 cases passed"), "{language}: {tested:#?}");
        let memory = recommended_memory(example.toolchain);
        let summary = week(&folder.display().to_string(), &memory);
        assert_eq!(summary.topic("notify", "published"), NOTIFICATIONS, "{language}");
        assert_eq!(summary.topic("dead", "published"), DEAD_LETTERS, "{language}");
        assert_eq!(summary.failures("delays"), 0, "{language} in {memory}");
        summary.adds_up();
    }
}

/// The week of flights through the plugin in `folder`.
fn week(folder: &str, memory: &str) -> Summary {
    let project = Project::new();
    let week = "file: { path: data/flights-week.ndjson, format: ndjson }";
    let pipeline = flights_pipeline(&project, week);
    let text = std::fs::read_to_string(&pipeline).expect("it was written");
    let data = repository().join("pipelines/data");
    let limits = format!("memory: {memory}, timeout: 5s, batch_timeout: 20s, compile_timeout: 10m");
    let text = text
        .replace("path: data/", &format!("path: {}/", data.display()))
        .replace(&millstream_tests::delays().display().to_string(), folder)
        .replace("memory: 64MiB, timeout: 1s", &limits);
    let pipeline = project.write("flights.yaml", text);
    Summary::of(&Host::run(&pipeline, &["--drain", "--http", "off"], &[], b"").success())
}

#[test]
fn a_blessed_case_passes_and_the_rest_of_it_stays() {
    let project = Project::new();
    let _ = millstream_in(project.folder(), ["new", "shout", "--lang", "rust"]).success();
    let folder = project.path("shout");
    type_in(&folder, "millstream build .");
    let case = project.write("shout/cases/blessed.yaml", "# mine\nmessages: [{ payload: hi }]\n");
    let failed = millstream_in(&folder, ["test", "."]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    let blessed = millstream_in(&folder, ["test", ".", "--bless"]).success();
    assert!(blessed.stdout.contains("FAILED  blessed"), "what is written is shown: {blessed:#?}");
    let text = std::fs::read_to_string(case).expect("it is there");
    assert!(text.starts_with("# mine\nmessages: [{ payload: hi }]\nexpect:\n"), "{text}");
    let _ = millstream_in(&folder, ["test", "."]).success();
}

#[test]
fn a_missing_tool_names_the_script_that_installs_it() {
    let project = Project::new();
    let _ = millstream_in(project.folder(), ["new", "shout", "--lang", "python"]).success();
    let folder = project.path("shout");
    let toml = std::fs::read_to_string(folder.join("plugin.toml")).expect("it is there");
    project.write("shout/plugin.toml", toml.replace("componentize-py -d", "no-such-tool -d"));
    let failed = millstream_in(&folder, ["build", "."]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    let said = &failed.stderr;
    assert!(said.contains("needs a tool that is not installed"), "{said}");
    assert!(said.contains("shout/sdk/toolchains/python.sh` installs what python needs"), "{said}");
}

#[test]
fn a_new_plugin_is_built_and_swapped_when_it_is_saved_and_a_mistake_leaves_what_runs() {
    let project = Project::new();
    let _ = millstream_in(project.folder(), ["new", "shout", "--lang", "rust"]).success();
    type_in(&project.path("shout"), "millstream build .");
    let mut host = Host::start(&project.path("shout/pipeline.yaml"), Input::None, &["--watch"]);
    let source = std::fs::read_to_string(project.path("shout/src/lib.rs")).expect("it is there");
    let quiet = source.replace("text.to_uppercase()", "text.to_lowercase()");
    project.write("shout/src/lib.rs", &quiet);
    host.wait_for("`shout`: swapped, sha256:");
    project.write("shout/src/lib.rs", quiet.replace("text.to_lowercase()", "text.to_lowercase("));
    host.wait_for("`shout`: not swapped, the version before serves: ");
}
