//! What conditions can call.

use std::sync::{Arc, LazyLock};

use cel::Env;
use cel::common::types::STRING_TYPE;

use super::patience;
use super::patterns;

/// The functions that there are, apart from operators and macros. The library has no list of them.
pub(super) const FUNCTIONS: [&str; 25] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "string",
    "timestamp",
    "type",
    "uint",
    "getFullYear",
    "getMonth",
    "getDayOfYear",
    "getDayOfMonth",
    "getDate",
    "getDayOfWeek",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// Macros: calls that the parser replaces when their arguments are right.
pub(super) const MACROS: [&str; 7] =
    ["has", "all", "exists", "exists_one", "existsOne", "map", "filter"];

/// Types that a condition can name, as in `type(payload.id) == string`.
pub(super) const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// The environment of all conditions: CEL's standard library with a `matches` of our own.
pub(super) fn shared() -> Arc<Env> {
    static SHARED: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(build()));
    Arc::clone(&SHARED)
}

#[expect(clippy::expect_used, reason = "no other function has these names")]
fn build() -> Env {
    let mut env = Env::stdlib().with_optional_support(false);
    let texts = || vec![STRING_TYPE, STRING_TYPE];
    env.add_overload("matches", "matches", texts(), patterns::matches).expect("a new function");
    env.add_member_overload(
        "matches",
        "string_matches",
        STRING_TYPE,
        vec![STRING_TYPE],
        patterns::matches,
    )
    .expect("a new function");
    env.add_overload(patience::FUNCTION, "go_on", Vec::new(), patience::go_on)
        .expect("a new function");
    env
}
