//! A validator's error in our words: code, route, message and help.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::{Location, LocationSegment};
use serde_json::Value;

use super::Fault;
use crate::code::Code;
use crate::forms::{FORM, FormHelp, form_help};
use crate::route::Route;
use crate::schema::SCHEMA;
use crate::suggest;

/// The route of an instance path. Only the value tells whether `0` is an index or a key.
pub(super) fn route(location: &Location, root: &Value) -> Route {
    let mut route = Route::default();
    let mut current = Some(root);
    for segment in location {
        let text = match &segment {
            LocationSegment::Property(name) => name.to_string(),
            LocationSegment::Index(index) => index.to_string(),
        };
        match (current, text.parse::<usize>()) {
            (Some(Value::Array(items)), Ok(index)) => {
                route = route.index(index);
                current = items.get(index);
            }
            (value, _) => {
                route = route.key(&text);
                current = value.and_then(|value| value.get(&text));
            }
        }
    }
    route
}

/// The faults of one error: an object may have several unknown keys.
pub(super) fn explain(error: &ValidationError<'_>, route: Route) -> Vec<Fault> {
    let schema = schema_at(error);
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            let known = known_keys(schema);
            unexpected
                .iter()
                .map(|key| unknown_key(&route, key, &known, error.instance()))
                .collect()
        }
        Kind::Required { property } => {
            vec![missing_key(&route, property.as_str().unwrap_or_default(), schema)]
        }
        Kind::PropertyNames { error } => {
            vec![bad_key(&route, error.instance().as_str().unwrap_or_default())]
        }
        _ => vec![bad_value(error, route, schema)],
    }
}

/// The key that was meant, if it is not there too, is as good as given: nobody is told that it is
/// missing besides being misspelt.
fn unknown_key(route: &Route, key: &str, known: &[&str], mapping: &Value) -> Fault {
    let meant =
        suggest::nearest(key, known.iter().copied()).filter(|meant| mapping.get(meant).is_none());
    Fault {
        code: Code::UnknownKey,
        route: route.key(key),
        at_key: true,
        cut: true,
        meant: meant.map(|meant| route.key(meant)),
        message: format!("there is no key `{key}` here"),
        help: suggest::help(key, known, "keys"),
    }
}

fn missing_key(route: &Route, key: &str, schema: Option<&Value>) -> Fault {
    let property = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(|properties| properties.get(key));
    let choices =
        property.and_then(|property| property.get("enum")).map(choices).unwrap_or_default();
    let value = if choices.is_empty() { "…".to_owned() } else { choices.join(" | ") };
    Fault {
        code: Code::MissingKey,
        route: route.key(key),
        at_key: true,
        cut: false,
        meant: None,
        message: format!("the key `{key}` is missing"),
        help: format!("add `{key}: {value}`"),
    }
}

/// A name is wrong but still names its thing, so it stays.
fn bad_key(route: &Route, key: &str) -> Fault {
    let help = form_help("name").map(|form| form.accepted).unwrap_or_default();
    Fault {
        code: Code::BadName,
        route: route.key(key),
        at_key: true,
        cut: false,
        meant: None,
        message: format!("`{key}` cannot be a name"),
        help: help.to_owned(),
    }
}

fn bad_value(error: &ValidationError<'_>, route: Route, schema: Option<&Value>) -> Fault {
    let shown = shown(error.instance());
    let form =
        schema.and_then(|schema| schema.get(FORM)).and_then(Value::as_str).and_then(form_help);
    let (code, message, help) = match (error.kind(), form) {
        (Kind::Maximum { .. }, Some(form)) if form.code == Code::BadDuration => {
            (form.code, format!("{shown} has no unit"), form.accepted.to_owned())
        }
        (Kind::Minimum { .. }, Some(form)) if form.code != Code::WrongType => {
            not_in_form(error.kind(), error.instance(), &shown, &form)
        }
        (Kind::Minimum { .. } | Kind::Maximum { .. }, _) => out_of_range(&shown, schema),
        (Kind::MinLength { .. }, _) => (
            Code::OutOfRange,
            "the value is empty".to_owned(),
            "write something, or leave the key away".to_owned(),
        ),
        (Kind::Enum { options }, _) => unknown_choice(error.instance(), &choices(options)),
        (kind, Some(form)) => not_in_form(kind, error.instance(), &shown, &form),
        (Kind::Type { .. }, None) if schema.is_some_and(|schema| schema.get("enum").is_some()) => {
            let known =
                schema.and_then(|schema| schema.get("enum")).map(choices).unwrap_or_default();
            unknown_choice(error.instance(), &known)
        }
        (Kind::Type { kind }, None) => wrong_type(&shown, kind),
        _ => (Code::WrongType, error.to_string(), "see the schema: `millstream schema`".to_owned()),
    };
    Fault { code, route, at_key: false, cut: true, meant: None, message, help }
}

fn not_in_form(
    kind: &Kind,
    instance: &Value,
    shown: &str,
    form: &FormHelp,
) -> (Code, String, String) {
    let nested = instance.is_object() || instance.is_array();
    let code =
        if nested && matches!(kind, Kind::Type { .. }) { Code::WrongType } else { form.code };
    (code, format!("{shown} is not {}", form.what), form.accepted.to_owned())
}

fn out_of_range(shown: &str, schema: Option<&Value>) -> (Code, String, String) {
    let bound = |name| schema.and_then(|schema| schema.get(name)).map(Value::to_string);
    let help = match (bound("minimum"), bound("maximum")) {
        (Some(min), Some(max)) => format!("write a number from {min} to {max}"),
        (Some(min), None) => format!("write a number from {min} on"),
        (None, max) => format!("write a number up to {}", max.unwrap_or_default()),
    };
    (Code::OutOfRange, format!("{shown} is out of range"), help)
}

fn unknown_choice(instance: &Value, known: &[&str]) -> (Code, String, String) {
    let Some(typed) = instance.as_str() else {
        return (
            Code::WrongType,
            format!("{} is not a word", shown(instance)),
            format!("write one of {}", suggest::list(known)),
        );
    };
    let help = match suggest::nearest(typed, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`? there are {}", suggest::list(known)),
        None => format!("write one of {}", suggest::list(known)),
    };
    (Code::UnknownChoice, format!("`{typed}` is not one of the choices"), help)
}

fn wrong_type(shown: &str, kind: &TypeKind) -> (Code, String, String) {
    let wanted = match kind {
        TypeKind::Single(kind) => in_words(kind.as_str()).to_owned(),
        TypeKind::Multiple(kinds) => {
            kinds.iter().map(|kind| in_words(kind.as_str())).collect::<Vec<_>>().join(" or ")
        }
    };
    (Code::WrongType, format!("{shown} stands where {wanted} belongs"), format!("write {wanted}"))
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "object" => "a mapping (`key: value`)",
        "array" => "a list (`[a, b]`)",
        "string" => "text",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "nothing",
    }
}

/// A value as the reader knows it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// The schema whose keyword was not met.
fn schema_at(error: &ValidationError<'_>) -> Option<&'static Value> {
    let (schema, _keyword) = error.schema_path().as_str().rsplit_once('/')?;
    SCHEMA.pointer(schema)
}

fn known_keys(schema: Option<&'static Value>) -> Vec<&'static str> {
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn choices(options: &Value) -> Vec<&str> {
    options.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
