//! What the documents say is true: their blocks run, the pipelines work, the plugins pass.

use std::path::PathBuf;

use millstream_tests::{
    Host, Input, Project, blocks, is_ready, language_of, millstream, plugin, repository, shell,
};

/// Runs every `sh` block of the README, in order, in one shell that stops at the first failure.
#[test]
fn the_readme_does_what_it_says() {
    let readme =
        std::fs::read_to_string(repository().join("README.md")).expect("there is a README");
    let script = blocks(&readme, "sh").concat();
    assert!(script.contains("make demo"), "the README no longer begins with `make demo`");
    let home = Project::new();
    let output = shell(repository(), &runnable(&script))
        .env("HOME", home.folder())
        .env("XDG_CACHE_HOME", home.path("cache"))
        .env("CARGO_HOME", tool_home("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", tool_home("RUSTUP_HOME", ".rustup"))
        // What it builds on was fetched for the plugins before it.
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .expect("sh starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n--- stdout\n{said}\n--- stderr\n{errors}", output.status);
    for number in ["6,099", "335", "35", "HELLO"] {
        assert!(
            said.split_whitespace().any(|word| word == number),
            "{number:?} is missing in:\n{said}"
        );
    }
}

#[test]
fn the_commands_at_the_top_are_the_ones_the_makefile_has() {
    let readme =
        std::fs::read_to_string(repository().join("README.md")).expect("there is a README");
    let makefile =
        std::fs::read_to_string(repository().join("Makefile")).expect("there is a Makefile");
    let targets: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("make ")).collect();
    assert!(targets.len() >= 2, "the README names {targets:?}");
    for line in targets {
        let target = line.split_whitespace().next().unwrap_or_default();
        assert!(makefile.contains(&format!("\n{target}:")), "there is no `make {target}`");
    }
}

#[test]
fn every_pipeline_is_run_by_a_test() {
    let files = ["docs.rs", "main_job.rs"].map(|file| repository().join("tests").join(file));
    let mut tests = String::new();
    for file in files.into_iter().chain(entries("tests/ideas")) {
        tests.push_str(&std::fs::read_to_string(file).expect("the test is there"));
    }
    // A plugin may have the name of a pipeline.
    let tests: Vec<&str> = tests.lines().filter(|line| !line.contains("plugin(")).collect();
    for name in pipelines() {
        // By its name, or as the file it is.
        let (quoted, file) = (format!("(\"{name}\")"), format!("pipelines/{name}.yaml"));
        let run = tests.iter().any(|line| line.contains(&quoted) || line.contains(&file));
        assert!(run, "no test runs pipelines/{name}.yaml");
    }
}

#[test]
fn every_pipeline_passes_its_check() {
    for name in buildable() {
        let _ = plugin(&name);
    }
    for name in pipelines() {
        let checked =
            millstream(["check", &format!("pipelines/{name}.yaml"), "--format", "json"]).success();
        assert_eq!(checked.json(), serde_json::json!([]), "{name}");
    }
}

#[test]
fn the_readme_names_every_pipeline_and_every_plugin() {
    let readme =
        std::fs::read_to_string(repository().join("README.md")).expect("there is a README");
    let pipelines = pipelines().into_iter().map(|name| format!("(pipelines/{name}.yaml)"));
    let plugins = plugins().into_iter().map(|name| format!("(plugins/{name})"));
    for link in pipelines.chain(plugins) {
        assert!(readme.contains(&link), "the README has no link {link}");
    }
}

/// An idea that takes a page is not one idea. The comment says what to try.
#[test]
fn every_pipeline_is_short_and_says_how_to_run_it() {
    for name in pipelines() {
        let text = std::fs::read_to_string(pipeline(&name)).expect("the pipeline is there");
        let yaml = text.lines().filter(|line| !line.starts_with('#')).count();
        // The main job is more than one idea.
        assert!(yaml <= 30 || name == "flights", "{name}: {yaml} lines");
        let command = format!("millstream run pipelines/{name}.yaml");
        assert!(text.contains(&command), "{name} does not say `{command}`");
    }
}

#[test]
fn hello_prints_what_it_is_told() {
    let output =
        Host::run(&pipeline("hello"), &["--drain", "--http", "off"], &[], b"hello\nworld\n")
            .success();
    assert_eq!(output.stdout, "hello\nworld\n", "a sink's stdout holds payloads and nothing else");
    assert!(output.stderr.contains("\"handled\": 2"), "{output:#?}");
}

#[test]
fn intake_writes_down_what_is_posted() {
    let project = Project::new();
    let out = project.folder().display().to_string();
    let host =
        Host::start_with_env(&pipeline("intake"), Input::None, &[], &[("MILLSTREAM_OUT", &out)]);
    let (status, answer) =
        host.api().post("/orders", "application/json", "{\"customer\": \"ann\"}");
    assert_eq!(status, 202, "{answer}");
    let summary = host.terminate();
    summary.adds_up();
    assert_eq!(summary.topic("orders", "published"), 1);
}

#[test]
fn every_case_of_every_plugin_passes() {
    for name in buildable() {
        let tested = millstream(["test", &plugin(&name).display().to_string()]).success();
        assert!(tested.stdout.contains("passed"), "{tested:#?}");
    }
}

/// The names of the pipelines.
fn pipelines() -> Vec<String> {
    let paths = entries("pipelines").into_iter();
    let files = paths.filter(|path| path.extension().is_some_and(|kind| kind == "yaml"));
    files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

/// The plugins whose language this machine has the tools of.
fn buildable() -> Vec<String> {
    plugins().into_iter().filter(|name| is_ready(&language_of(name))).collect()
}

/// The names of the plugins.
fn plugins() -> Vec<String> {
    let folders = entries("plugins").into_iter();
    folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

fn entries(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join(folder)).expect("the folder can be listed");
    entries.map(|entry| entry.expect("it can be listed whole").path()).collect()
}

fn pipeline(name: &str) -> PathBuf {
    repository().join(format!("pipelines/{name}.yaml"))
}

/// The script without what would run this test again or install for good, and with the binary that
/// is built already.
fn runnable(script: &str) -> String {
    // A host that the script starts ends with it, wherever that is.
    let mut lines = vec![r#"trap 'kill "${HOST:-}" 2> /dev/null' EXIT"#.to_owned()];
    for line in script.lines() {
        match line.split('#').next().unwrap_or_default().trim() {
            "make test" | "make install" => {}
            // The binary of this very test run is first on the PATH already.
            path if path.starts_with("export PATH=") => {}
            "make demo" => lines.push("make demo PROFILE=dev".to_owned()),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// Where the toolchain lives, although the script has a home of its own.
fn tool_home(variable: &str, folder: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(folder);
    std::env::var_os(variable).map_or_else(home, PathBuf::from)
}
