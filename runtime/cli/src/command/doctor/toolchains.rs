//! What plugins can be built with here: each language's own script is asked, as it would be before it
//! installs anything.

use millstream_workshop::{Language, readiness};

use super::Check;

pub(super) fn checks() -> Vec<Check> {
    // What TypeScript needs is what JavaScript needs.
    let apart = Language::ALL.into_iter().filter(|language| language.name() == language.sdk());
    apart.map(check).collect()
}

fn check(language: Language) -> Check {
    let name = language.name();
    let hint = format!(
        "for plugins in this language: `millstream new NAME --lang {name}`, then the script \
         NAME/sdk/toolchains/{name}.sh"
    );
    match readiness(language) {
        Ok(found) if found.ready => Check::fine(name, found.says),
        Ok(found) => Check::missing(name, found.says, &hint),
        Err(error) => Check::missing(name, format!("cannot run `sh`: {error}"), &hint),
    }
}
