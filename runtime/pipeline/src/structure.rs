//! Structure: whether the file looks like a pipeline at all, by the schema. Everything that does
//! not is reported and cut out, so that the rest can be checked on.

mod coerce;
mod explain;

use std::sync::LazyLock;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use crate::code::Code;
use crate::declaration::Declaration;
use crate::report::Report;
use crate::route::Route;
use crate::schema::SCHEMA;

/// What was typed, as far as it has the right structure.
pub(crate) fn declaration(mut value: Value, report: &mut Report) -> Declaration {
    coerce::coerce(&mut value);
    let faults = faults(&value, report);
    for fault in &faults {
        fault.break_routes(report);
    }
    for fault in faults {
        // What is misspelt is not missing besides.
        if fault.code != Code::MissingKey || !report.is_broken(&fault.route) {
            fault.report(report);
        }
    }
    report.cut_broken(&mut value);
    serde_json::from_value(value).unwrap_or_else(|error| {
        // The schema comes from these very types, so this is a gap between the two.
        report.add(
            Code::WrongType,
            Route::default(),
            format!("the file cannot be read: {error}"),
            "see the schema: `millstream schema`",
        );
        Declaration::default()
    })
}

/// One structural error, in our words.
struct Fault {
    code: Code,
    route: Route,
    /// Whether the key is meant, not the value.
    at_key: bool,
    /// Whether the value means nothing and is taken out.
    cut: bool,
    /// The key that an unknown one was probably meant to be.
    meant: Option<Route>,
    message: String,
    help: String,
}

impl Fault {
    fn break_routes(&self, report: &mut Report) {
        if self.cut {
            report.break_route(self.route.clone());
        }
        if let Some(meant) = &self.meant {
            report.break_route(meant.clone());
        }
    }

    fn report(self, report: &mut Report) {
        if self.at_key {
            report.add_at_key(self.code, self.route, self.message, self.help);
        } else {
            report.add(self.code, self.route, self.message, self.help);
        }
    }
}

fn faults(value: &Value, report: &Report) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for error in VALIDATOR.iter_errors(value) {
        let route = explain::route(error.instance_path(), value);
        if report.is_broken(&route)
            || report.is_full()
            || faults.len() > crate::report::FINDINGS_MAX
        {
            continue;
        }
        let about_keys = matches!(
            error.kind(),
            Kind::AdditionalProperties { .. } | Kind::Required { .. } | Kind::PropertyNames { .. }
        );
        // A value can break its form in two ways at once (type and choice): one finding is enough.
        if about_keys
            || !faults.iter().any(|fault| fault.cut && !fault.at_key && fault.route == route)
        {
            faults.extend(
                explain::explain(&error, route)
                    .into_iter()
                    .filter(|fault| !report.is_broken(&fault.route)),
            );
        }
    }
    faults
}

#[expect(
    clippy::expect_used,
    reason = "the schema is a constant of this crate and a test compiles it"
)]
static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&SCHEMA).expect("the schema is valid"));
