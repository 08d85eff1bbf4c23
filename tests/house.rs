//! The house keeps its order: which crate may know which, what lies where, and that the map of it
//! is true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use millstream_tests::{millstream, repository};
use serde_json::Value;

/// Which of our crates each crate may name. Everything points one way; `queue`, `plugin-host`,
/// `pipeline` and `connectors` never meet.
const MAY_NAME: [(&str, &[&str]); 11] = [
    ("message", &[]),
    ("queue", &["message"]),
    ("plugin-host", &["message"]),
    // `formats`: a filter, a cron expression and a pointer are read in one way only.
    ("pipeline", &["message", "formats"]),
    ("formats", &["message"]),
    ("connectors", &["message", "formats"]),
    ("registry", &["formats"]),
    ("runner", &["message", "queue", "plugin-host", "pipeline", "formats", "connectors"]),
    ("server", &["message", "queue", "pipeline", "formats", "runner"]),
    ("workshop", &["message", "plugin-host", "pipeline", "formats", "runner"]),
    (
        "cli",
        &[
            "message",
            "queue",
            "plugin-host",
            "pipeline",
            "formats",
            "connectors",
            "registry",
            "runner",
            "server",
            "workshop",
        ],
    ),
];

/// What may lie at the top.
const TOP: [&str; 18] = [
    ".ci",
    ".clippy.toml",
    ".git",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "pipelines",
    "plugins",
    "runtime",
    "sdk",
    "target",
    "tests",
    ".github",
];

#[test]
fn crates_depend_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_NAME.into();
    for (name, dependencies) in our_crates() {
        let may =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("no rule for the crate `{name}`"));
        for dependency in dependencies {
            assert!(
                may.contains(&dependency.as_str()),
                "`{name}` may not depend on `{dependency}`"
            );
        }
    }
}

#[test]
fn only_the_plugin_host_names_the_engine() {
    for package in packages() {
        let engine = names_of(&package).any(|name| name.starts_with("wasmtime"));
        let name = package["name"].as_str().unwrap_or_default();
        assert!(!engine || name == "millstream-plugin-host", "`{name}` depends on the engine");
    }
}

#[test]
fn the_vocabulary_knows_no_runtime_and_no_input() {
    let message = packages().into_iter().find(|package| package["name"] == "millstream-message");
    for name in names_of(&message.expect("there is the crate `message`")) {
        assert!(
            !["tokio", "serde", "serde_json"].contains(&name.as_str()),
            "`message` depends on `{name}`"
        );
    }
}

#[test]
fn the_top_holds_nothing_else() {
    for entry in std::fs::read_dir(repository()).expect("the top can be listed") {
        let name = entry.expect("it can be listed whole").file_name();
        let name = name.to_string_lossy();
        assert!(TOP.contains(&name.as_ref()), "`{name}` does not belong at the top");
    }
}

#[test]
fn every_path_and_command_the_map_names_exists() {
    let map = read("runtime/ARCHITECTURE.md");
    let commands = commands();
    let mut named = (0, 0);
    for code in code_spans(&map) {
        if let Some(command) = code.strip_prefix("millstream ") {
            let command = command.split_whitespace().next().unwrap_or_default();
            assert!(commands.contains(command), "the map names `millstream {command}`");
            named.0 += 1;
        } else if code.contains('/')
            && code.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c))
        {
            assert!(repository().join(code).exists(), "the map names `{code}`, which is not there");
            named.1 += 1;
        }
    }
    assert!(named.0 >= 3 && named.1 >= 15, "the map names too little to be one: {named:?}");
}

#[test]
fn every_crate_stands_in_the_map() {
    let map = read("runtime/ARCHITECTURE.md");
    for (name, _) in our_crates() {
        assert!(
            map.contains(&format!("`runtime/{name}`")),
            "`runtime/{name}` is missing in the map"
        );
    }
}

/// A guest that misbehaves and that no test runs shows nothing.
#[test]
fn every_guest_is_run_by_a_test() {
    let mut sources = String::new();
    for folder in ["tests", "runtime"] {
        rust_sources(&repository().join(folder), &mut sources);
    }
    for guest in folders("tests/guests").into_iter().filter(|name| name != "target") {
        let (quoted, file) = (format!("\"{guest}\""), format!("{}.wasm", guest.replace('-', "_")));
        assert!(
            sources.contains(&quoted) || sources.contains(&file),
            "no test runs the guest `{guest}`"
        );
    }
}

#[test]
fn every_plugin_has_a_readme_and_cases() {
    for plugin in folders("plugins") {
        let folder = repository().join("plugins").join(&plugin);
        assert!(folder.join("README.md").is_file(), "plugins/{plugin} has no README.md");
        let cases =
            std::fs::read_dir(folder.join("cases")).map(Iterator::count).unwrap_or_default();
        assert!(cases > 0, "plugins/{plugin} has no cases");
    }
}

/// Our crates by their folder under `runtime/`, each with those of our crates it depends on.
fn our_crates() -> Vec<(String, BTreeSet<String>)> {
    let ours = |name: &str| match name {
        "millstream" => Some("cli".to_owned()),
        other => other.strip_prefix("millstream-").map(str::to_owned),
    };
    let in_runtime = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default()).to_owned();
        manifest.starts_with(repository().join("runtime"))
    };
    let described = |package: &Value| {
        let name =
            ours(package["name"].as_str().unwrap_or_default()).expect("our crates are called so");
        (name, names_of(package).filter_map(|name| ours(&name)).collect())
    };
    packages().iter().filter(|package| in_runtime(package)).map(described).collect()
}

/// The ordinary dependencies; what only tests need may point anywhere.
fn names_of(package: &Value) -> impl Iterator<Item = String> {
    let dependencies = package["dependencies"].as_array().cloned().unwrap_or_default();
    dependencies
        .into_iter()
        .filter(|dependency| dependency["kind"].is_null())
        .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
}

fn packages() -> Vec<Value> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository()).args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--locked",
    ]);
    let output = cargo.output().expect("cargo starts");
    let metadata: Value =
        serde_json::from_slice(&output.stdout).expect("cargo tells about the workspace");
    metadata["packages"].as_array().cloned().expect("it has packages")
}

/// The names that `millstream --help` lists.
fn commands() -> BTreeSet<String> {
    let help = millstream(["--help"]).success().stdout;
    let (_, list) = help.split_once("Commands:").expect("the help lists the commands");
    let lines = list.lines().skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// What stands between backquotes, outside blocks.
fn code_spans(markdown: &str) -> impl Iterator<Item = &str> {
    markdown
        .lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn folders(under: &str) -> Vec<String> {
    let entries = std::fs::read_dir(repository().join(under)).expect("the folder can be listed");
    let folders = entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn rust_sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed").filter_map(Result::ok)
    {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != "guests" {
            rust_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).expect("a source can be read"));
        }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}
