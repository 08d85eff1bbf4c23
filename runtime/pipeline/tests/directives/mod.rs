//! What a case hands in beside the file, written in the file itself as `#!` comments:
//!
//! ```text
//! #! env NAME=VALUE
//! #! plugin NAME fine
//! #! plugin NAME needs CAPABILITY          (also imports `wasi:CAPABILITY/store@0.2.0`)
//! #! plugin NAME imports INTERFACE
//! #! plugin NAME fault MESSAGE | HELP
//! #! http off
//! ```
//!
//! A plugin without a directive is not checked; an unset variable is unset.

use std::collections::BTreeMap;
use std::path::Path;

use millstream_pipeline::{Checked, PluginFacts, PluginFault, World, parse};

/// Checks `text` with what its directives hand in.
pub(crate) fn check(text: &str, file: &str) -> Checked {
    let directives: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#! ")).collect();
    let env = |name: &str| directives.iter().find_map(|line| variable(line, name));
    let draft = parse(text, file, Path::new("/pipelines"), &env);
    let draft = if directives.contains(&"http off") { draft.without_http() } else { draft };
    draft.check(&facts(&directives))
}

fn variable(directive: &str, name: &str) -> Option<String> {
    directive.strip_prefix("env ")?.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
}

type Facts = BTreeMap<String, Result<PluginFacts, PluginFault>>;

fn facts(directives: &[&str]) -> Facts {
    let mut facts = Facts::new();
    for directive in directives.iter().filter_map(|line| line.strip_prefix("plugin ")) {
        let mut words = directive.splitn(3, ' ');
        let (name, verb) = (words.next().unwrap(), words.next().unwrap());
        let rest = words.next().unwrap_or("");
        let entry = facts.entry(name.to_owned()).or_insert_with(|| Ok(plain()));
        match verb {
            "fine" => {}
            "fault" => *entry = Err(fault(rest)),
            "needs" => {
                let facts = entry.as_mut().unwrap();
                facts.needs.push(rest.to_owned());
                facts.imports.push(format!("wasi:{rest}/store@0.2.0"));
            }
            "imports" => entry.as_mut().unwrap().imports.push(rest.to_owned()),
            other => panic!("no such directive: {other}"),
        }
    }
    facts
}

fn fault(rest: &str) -> PluginFault {
    let (message, help) = rest.split_once(" | ").unwrap();
    PluginFault { message: message.to_owned(), help: help.to_owned() }
}

fn plain() -> PluginFacts {
    PluginFacts {
        digest: "0".repeat(64),
        world: World::Batch,
        imports: vec![
            "millstream:plugin/logging@0.1.0".to_owned(),
            "wasi:cli/stderr@0.2.6".to_owned(),
        ],
        exports: vec!["millstream:plugin/batch-handler@0.1.0".to_owned()],
        needs: Vec::new(),
    }
}
