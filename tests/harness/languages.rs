//! The languages that plugins can be built in on this machine.

use std::sync::OnceLock;

use crate::binary::millstream;
use crate::repository::repository;
use crate::shell::tell;

/// All that there is an SDK for.
pub const LANGUAGES: [&str; 6] = ["rust", "go", "python", "javascript", "typescript", "c"];

/// The plugin `delays` in one language.
#[derive(Debug)]
pub struct Example {
    /// What people call the language.
    pub language: &'static str,
    /// Its toolchain.
    pub toolchain: &'static str,
    /// The folder in `plugins`.
    pub plugin: &'static str,
}

/// The same plugin in every language, without an SDK in the last.
pub const EXAMPLES: [Example; 6] = [
    Example { language: "Rust", toolchain: "rust", plugin: "delays" },
    Example { language: "Go", toolchain: "go", plugin: "delays-go" },
    Example { language: "Python", toolchain: "python", plugin: "delays-python" },
    Example { language: "JavaScript", toolchain: "javascript", plugin: "delays-javascript" },
    Example { language: "C", toolchain: "c", plugin: "delays-c" },
    Example { language: "Zig, without an SDK", toolchain: "zig", plugin: "delays-zig" },
];

/// Those that can be built here.
pub fn ready_examples() -> impl Iterator<Item = &'static Example> {
    EXAMPLES.iter().filter(|example| is_ready(example.toolchain))
}

/// Whether plugins in `language` can be built here. What cannot be tried for that is said on stderr,
/// once a test process.
#[must_use]
pub fn is_ready(language: &str) -> bool {
    static MISSING: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let missing = MISSING.get_or_init(|| {
        let missing = missing();
        for (language, what) in &missing {
            tell(&format!("SKIPPED: plugins in {language}: {what}"));
        }
        missing
    });
    // What TypeScript needs is what JavaScript needs.
    let toolchain = if language == "typescript" { "javascript" } else { language };
    missing.iter().all(|(language, _)| language != toolchain)
}

fn missing() -> Vec<(String, String)> {
    let checks = millstream(["doctor", "--format", "json"]).json();
    let text =
        |check: &serde_json::Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = checks["checks"].as_array().cloned().unwrap_or_default();
    let said = |example: &Example| {
        let check = checks.iter().find(|check| check["name"] == example.toolchain);
        check.unwrap_or_else(|| panic!("doctor says nothing about {}", example.toolchain))
    };
    let lacking = EXAMPLES.iter().map(said).filter(|check| check["state"] != "fine");
    lacking.map(|check| (text(check, "name"), text(check, "says"))).collect()
}

/// The language of a plugin of `plugins`, as its `plugin.toml` says.
#[must_use]
pub fn language_of(plugin: &str) -> String {
    let path = repository().join("plugins").join(plugin).join("plugin.toml");
    let text = std::fs::read_to_string(path).expect("a plugin has a plugin.toml");
    let line = text.lines().find_map(|line| line.strip_prefix("language = "));
    line.expect("plugin.toml names a language").trim_matches('"').to_owned()
}

/// The `limits.memory` that the template of a language's plugins sets.
#[must_use]
pub fn recommended_memory(toolchain: &str) -> String {
    // Zig has no template; it keeps its memory by C's library.
    let sdk = if toolchain == "zig" { "c" } else { toolchain };
    let path = repository().join("sdk").join(sdk).join("template/pipeline.yaml");
    let text = std::fs::read_to_string(path).expect("a template has a pipeline");
    let (_, memory) = text.split_once("memory: ").expect("it limits memory");
    memory.split([' ', ',', '}']).next().expect("to something").to_owned()
}
