//! Any language: a new plugin builds, passes its cases and runs as it stands, and one example is the
//! same in all of them. What this machine has no toolchain for is skipped, and said.

use std::path::Path;
use std::process::{Command, Stdio};

use millstream_tests::{
    DEAD_LETTERS, Host, LANGUAGES, NOTIFICATIONS, Project, Summary, binary_folder,
    flights_pipeline, is_ready, language_of, millstream, millstream_in, plugin,
};

#[test]
fn a_new_plugin_builds_passes_its_cases_and_runs_as_it_stands() {
    for language in LANGUAGES.into_iter().filter(|language| is_ready(language)) {
        let project = Project::new();
        let made = millstream_in(project.folder(), ["new", "shout", "--lang", language]).success();
        assert!(made.stdout.contains("millstream build ."), "{language}: {made:#?}");
        let folder = project.path("shout");
        build(&folder);
        let tested = millstream_in(&folder, ["test", "."]).success();
        assert!(tested.stdout.contains("passed"), "{language}: {tested:#?}");
        let pipeline = folder.join("pipeline.yaml");
        let ran = Host::run(&pipeline, &["--drain", "--http", "off"], &[], b"hello\n").success();
        assert!(ran.stdout.starts_with("HELLO"), "{language}: {ran:#?}");
    }
}

/// Builds the plugin in `folder`, however long that takes: a language compiles what it depends on.
fn build(folder: &Path) {
    let mut command = Command::new(binary_folder().join("millstream"));
    let built = command.current_dir(folder).args(["build", "."]).stdin(Stdio::null()).output();
    let built = built.expect("the binary starts");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{}: {said}", folder.display());
}

#[test]
fn a_language_without_an_sdk_is_refused_with_those_that_have_one() {
    let refused = millstream(["new", "shout", "--lang", "cobol"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("rust, go, python, javascript, typescript, c"), "{refused:#?}");
}

#[test]
fn the_flights_are_the_same_in_every_language() {
    for name in ["delays-go", "delays-python", "delays-javascript", "delays-c"] {
        if !is_ready(&language_of(name)) {
            continue;
        }
        let folder = plugin(name);
        let tested = millstream(["test".as_ref(), folder.as_os_str()]).success();
        assert!(tested.stdout.contains("6 cases passed"), "{name}: {tested:#?}");
        let summary = week(&folder.display().to_string());
        assert_eq!(summary.topic("notify", "published"), NOTIFICATIONS, "{name}");
        assert_eq!(summary.topic("dead", "published"), DEAD_LETTERS, "{name}");
        summary.adds_up();
    }
}

/// The week of flights through the plugin in `folder`.
fn week(folder: &str) -> Summary {
    let project = Project::new();
    let week = "file: { path: data/flights-week.ndjson, format: ndjson }";
    let pipeline = flights_pipeline(&project, week);
    let text = std::fs::read_to_string(&pipeline).expect("it was written");
    let data = millstream_tests::repository().join("pipelines/data");
    let text = text
        .replace("path: data/", &format!("path: {}/", data.display()))
        .replace(&millstream_tests::delays().display().to_string(), folder)
        // What a language needs is its template's affair, not this pipeline's.
        .replace("memory: 64MiB, timeout: 1s", "timeout: 5s, batch_timeout: 20s");
    let pipeline = project.write("flights.yaml", text);
    Summary::of(&Host::run(&pipeline, &["--drain", "--http", "off"], &[], b"").success())
}

#[test]
fn a_blessed_case_passes_and_the_rest_of_it_stays() {
    let project = Project::new();
    let _ = millstream_in(project.folder(), ["new", "shout", "--lang", "rust"]).success();
    let folder = project.path("shout");
    build(&folder);
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
