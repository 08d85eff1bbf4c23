//! A language without an SDK: what the page about it has one do.

use millstream_tests::{blocks, is_ready, plugin, repository, tell, type_in};

#[test]
fn the_page_about_your_own_language_does_what_it_says() {
    let page = repository().join("sdk/own-language.md");
    let page = std::fs::read_to_string(page).expect("there is such a page");
    let script = blocks(&page, "sh").concat();
    assert!(script.contains("sh sdk/toolchains/zig.sh"), "{script}");
    let toml = repository().join("plugins/delays-zig/plugin.toml");
    let toml = std::fs::read_to_string(toml).expect("the example has one");
    assert_eq!(blocks(&page, "toml"), [toml], "the page shows another plugin.toml");
    if !is_ready("zig") {
        tell("SKIPPED: what sdk/own-language.md says");
        return;
    }
    // Nobody else builds it meanwhile.
    let _ = plugin("delays-zig");
    let said = type_in(repository(), &script);
    assert!(said.contains("6 cases passed"), "{said}");
}
