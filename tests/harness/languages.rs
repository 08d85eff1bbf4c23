//! The languages that plugins can be built in on this machine.

use std::sync::OnceLock;

use crate::binary::millstream;
use crate::repository::repository;

/// All that there is an SDK for.
pub const LANGUAGES: [&str; 6] = ["rust", "go", "python", "javascript", "typescript", "c"];

/// Whether plugins in `language` can be built here. What cannot be tried for that is said on stderr,
/// once a test process.
#[must_use]
pub fn is_ready(language: &str) -> bool {
    static MISSING: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let missing = MISSING.get_or_init(|| {
        let missing = missing();
        for (language, what) in &missing {
            eprintln!("SKIPPED: plugins in {language}: {what}");
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
    let languages = checks.iter().filter(|check| LANGUAGES.contains(&text(check, "name").as_str()));
    let lacking = languages.filter(|check| check["state"] != "fine");
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
