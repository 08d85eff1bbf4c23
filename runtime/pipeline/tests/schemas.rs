//! The JSON Schema that editors use.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use std::fs;
use std::path::Path;

use millstream_pipeline::schema;
use serde_json::Value;

#[test]
fn the_schema_is_a_schema() {
    jsonschema::meta::validate(&schema()).unwrap();
}

#[test]
fn the_example_of_the_documentation_is_valid() {
    let errors = errors("ok-everything.yaml");
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn keys_that_are_not_available_yet_are_known_to_it() {
    let errors = errors("not-yet.yaml");
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_misspelt_key_and_a_bad_duration_are_not() {
    assert!(errors("unknown-keys.yaml").iter().any(|error| error.contains("maxmessages")));
    assert!(!errors("durations.yaml").is_empty());
}

/// An editor shows the description while the key is typed.
#[test]
fn every_key_is_described() {
    let schema = schema();
    let mut undescribed = Vec::new();
    each_property(&schema, &mut |name, property| {
        if property.get("description").is_none() {
            undescribed.push(name.to_owned());
        }
    });
    assert!(undescribed.is_empty(), "{undescribed:?}");
}

/// A key may be absent, but `null` is no value: an editor must not offer it.
#[test]
fn null_is_nowhere_allowed() {
    let text = schema().to_string();
    assert!(!text.contains("\"null\""), "{text}");
}

fn each_property(schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    let Some(map) = schema.as_object() else { return };
    if let Some(properties) = map.get("properties").and_then(Value::as_object) {
        properties.iter().for_each(|(name, property)| visit(name, property));
    }
    map.values().for_each(|below| each_property(below, visit));
}

/// As an editor would see the file: no variables resolved, no rules.
fn errors(case: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case);
    let text = fs::read_to_string(path).unwrap().replace("${WORKERS}", "4");
    // An empty section is `null` to a plain YAML reader.
    let text = text.replace("retry:\n    dead", "dead").replace("stdout: }", "stdout: {} }");
    let value: Value = serde_yaml::from_str(&text).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
