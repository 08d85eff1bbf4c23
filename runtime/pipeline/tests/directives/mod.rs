//! What a case hands in beside the file, written in the file itself as `#!` comments:
//!
//! ```text
//! #! env NAME=VALUE
//! #! plugin NAME fine
//! #! plugin NAME needs CAPABILITY          (also imports `wasi:CAPABILITY/store@0.2.0`)
//! #! plugin NAME imports INTERFACE
//! #! plugin NAME fault MESSAGE | HELP
//! #! http off
//! #! journal leftover|changed topic|subscription NAME MESSAGES WHY
//! #! journal damaged FILE OFFSET WHAT
//! #! journal in-use
//! #! journal format|unusable WHAT
//! #! apply leftover topic|subscription NAME MESSAGES WHY
//! #! apply restart KEY.KEY FROM TO
//! ```
//!
//! A plugin without a directive is not checked; an unset variable is unset.

use std::collections::BTreeMap;
use std::path::Path;

use millstream_pipeline::{
    ApplyFault, Checked, JournalFault, Kept, Leftover, PluginFacts, PluginFault, PluginFaultKind,
    World, apply_findings, journal_findings, parse,
};

/// Checks `text` with what its directives hand in.
pub(crate) fn check(text: &str, file: &str) -> Checked {
    let directives: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#! ")).collect();
    let env = |name: &str| directives.iter().find_map(|line| variable(line, name));
    let draft = parse(text, file, Path::new("/pipelines"), &env);
    let draft = if directives.contains(&"http off") { draft.without_http() } else { draft };
    let mut checked = draft.check(&facts(&directives));
    let faults = journal_faults(&directives);
    if !faults.is_empty() {
        // As a start does: only a file without errors opens its journal.
        assert!(checked.plan.take().is_some(), "{:?}", checked.findings);
        let folder = Path::new("/pipelines/data");
        checked.findings.extend(journal_findings(text, file, folder, &faults));
    }
    let faults = apply_faults(&directives);
    if !faults.is_empty() {
        assert!(checked.plan.take().is_some(), "{:?}", checked.findings);
        checked.findings.extend(apply_findings(text, file, &faults));
    }
    checked
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
            "fault" => *entry = Err(fault(PluginFaultKind::Unusable, rest)),
            "not-compiled" => *entry = Err(fault(PluginFaultKind::NotCompiled, rest)),
            "config-refused" => *entry = Err(fault(PluginFaultKind::ConfigRefused, rest)),
            "not-started" => *entry = Err(fault(PluginFaultKind::NotStarted, rest)),
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

fn journal_faults(directives: &[&str]) -> Vec<JournalFault> {
    directives.iter().filter_map(|line| line.strip_prefix("journal ")).map(journal_fault).collect()
}

fn journal_fault(directive: &str) -> JournalFault {
    let (verb, rest) = directive.split_once(' ').unwrap_or((directive, ""));
    match verb {
        "leftover" | "changed" => JournalFault::Leftover(leftover(rest)),
        "damaged" => {
            let [file, offset, what] = words(rest);
            let (file, what) = (file.to_owned(), what.to_owned());
            JournalFault::Damaged { file, offset: offset.parse().unwrap(), what }
        }
        "in-use" => JournalFault::InUse,
        "format" => JournalFault::UnknownFormat(rest.to_owned()),
        "unusable" => JournalFault::Unusable(rest.to_owned()),
        other => panic!("no such directive: {other}"),
    }
}

fn apply_faults(directives: &[&str]) -> Vec<ApplyFault> {
    let faults = directives.iter().filter_map(|line| line.strip_prefix("apply "));
    let fault = |directive: &str| {
        let (verb, rest) = directive.split_once(' ').unwrap();
        if verb == "leftover" {
            return ApplyFault::Leftover(leftover(rest));
        }
        let [route, from, to] = words(rest);
        let route = route.split('.').map(str::to_owned).collect();
        ApplyFault::NeedsRestart { route, from: from.to_owned(), to: to.to_owned() }
    };
    faults.map(fault).collect()
}

fn leftover(rest: &str) -> Leftover {
    let [kind, name, messages, why] = words(rest);
    let kind = if kind == "topic" { Kept::Topic } else { Kept::Subscription };
    let (name, name_now) = (name.to_owned(), name.to_owned());
    Leftover { kind, name, name_now, messages: messages.parse().unwrap(), why: why.to_owned() }
}

fn words<const N: usize>(text: &str) -> [&str; N] {
    let mut words = text.splitn(N, ' ');
    std::array::from_fn(|_| words.next().unwrap_or(""))
}

fn fault(kind: PluginFaultKind, rest: &str) -> PluginFault {
    let (message, help) = rest.split_once(" | ").unwrap();
    PluginFault { kind, message: message.to_owned(), help: help.to_owned() }
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
