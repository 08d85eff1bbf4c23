use super::*;

const GOOD: &str = r#"name = "delays"
language = "rust"
build = "cargo build"
artifact = "target/delays.wasm"
"#;

fn refused(text: &str) -> String {
    Manifest::parse(Path::new("delays/plugin.toml"), text).unwrap_err().to_string()
}

#[test]
fn a_manifest_names_its_component() {
    let manifest = Manifest::parse(Path::new("plugin.toml"), GOOD).unwrap();
    assert_eq!(manifest.component(Path::new("delays")), Path::new("delays/build/delays.wasm"));
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let message = refused(&GOOD.replace("artifact", "artefact"));
    assert!(message.starts_with("delays/plugin.toml:4:1: unknown field `artefact`"), "{message}");
}

#[test]
fn a_missing_key_is_named() {
    assert!(refused("name = \"delays\"\n").contains("missing field `language`"));
}

#[test]
fn a_broken_line_is_refused_with_its_place() {
    let message = refused("name = \"delays\"\nlanguage = rust\n");
    assert!(message.starts_with("delays/plugin.toml:2:12: "), "{message}");
}

#[test]
fn a_name_cannot_lead_out_of_the_folder() {
    for name in ["../evil", "a/b", "", "Delays", ".hidden", "a b"] {
        let message = refused(&GOOD.replace("\"delays\"", &format!("\"{name}\"")));
        assert!(message.starts_with("delays/plugin.toml:1:8: `name` must be"), "{message}");
    }
}

#[test]
fn an_empty_command_is_refused() {
    let message = refused(&GOOD.replace("cargo build", " "));
    assert_eq!(message, "delays/plugin.toml:3:9: `build` must not be empty");
    let message = refused(&format!("{GOOD}debug = \"\"\n"));
    assert_eq!(message, "delays/plugin.toml:5:9: `debug` must not be empty");
}

#[test]
fn a_folder_of_wit_without_a_world_is_refused() {
    let message = refused(&format!("{GOOD}wit = \"wit\"\n"));
    assert_eq!(
        message,
        "delays/plugin.toml:5:7: `wit` says where `world` is: give `world` as well"
    );
}
