//! What plugins can be built with here: each language's own script is asked, as it would be before it
//! installs anything.

use millstream_workshop::{Language, TOOLCHAINS, readiness};

use super::Check;

pub(super) fn checks() -> Vec<Check> {
    TOOLCHAINS.into_iter().map(check).collect()
}

fn check(name: &'static str) -> Check {
    match readiness(name) {
        Ok(found) if found.ready => Check::fine(name, found.says),
        Ok(found) => Check::missing(name, found.says, &hint(name)),
        Err(error) => Check::missing(name, format!("cannot run `sh`: {error}"), &hint(name)),
    }
}

fn hint(name: &str) -> String {
    if Language::ALL.iter().any(|language| language.name() == name) {
        return format!(
            "for plugins in this language: `millstream new NAME --lang {name}`, then the script \
             NAME/sdk/toolchains/{name}.sh"
        );
    }
    format!("for plugins in this language, which has no SDK: the script sdk/toolchains/{name}.sh")
}
