//! The two stages of a check: what needs no plugin, and what does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::code::Code;
use crate::declaration::Declaration;
use crate::document::Document;
use crate::facts::{PluginFacts, PluginFault};
use crate::finding::Finding;
use crate::plan::{ComponentSource, Plan};
use crate::planning;
use crate::report::Report;
use crate::rules::{self, Context};
use crate::structure;
use crate::value::plain_value;

/// What a check ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// There if, and only if, no finding is an error.
    pub plan: Option<Plan>,
    /// Everything there is to say, in the order of the file.
    pub findings: Vec<Finding>,
}

/// A file that was read; its plugins have not been looked at.
#[derive(Debug)]
pub struct Draft {
    document: Document,
    declaration: Declaration,
    report: Report,
    base: PathBuf,
}

/// Stage 1: everything that needs no plugin.
///
/// `file` is how findings call the file. `base` is the folder its relative paths start at; it is
/// only put in front of them, nothing is opened. `env` answers for `${NAME}`.
pub fn parse(text: &str, file: &str, base: &Path, env: &dyn Fn(&str) -> Option<String>) -> Draft {
    let mut report = Report::default();
    let document = Document::read(text, file, &mut report);
    let declaration = match document.root() {
        Some(root) => structure::declaration(plain_value(root, env, &mut report), &mut report),
        None => Declaration::default(),
    };
    Draft { document, declaration, report, base: base.to_owned() }
}

impl Draft {
    /// Which components the caller must inspect before [`check`](Self::check): plugin name and
    /// place, in the order of the file. Those that this version cannot fetch, or that cannot be, are left out.
    pub fn components(&self) -> Vec<(String, ComponentSource)> {
        let facts = BTreeMap::new();
        let context = Context::new(&self.declaration, &facts, &self.base);
        let place = |source: &str| planning::component(source, |typed| context.path(typed));
        context
            .plugins()
            .filter_map(|(_, name, plugin)| {
                Some((name.to_owned(), place(plugin.source.as_deref()?)?))
            })
            .collect()
    }

    /// Says of every HTTP source that nothing will serve it: the host was told to open no address.
    #[must_use]
    pub fn without_http(mut self) -> Self {
        let facts = BTreeMap::new();
        rules::not_served(&Context::new(&self.declaration, &facts, &self.base), &mut self.report);
        self
    }

    /// Stage 2: every rule. `facts` says what was found of each plugin by its name; one that is
    /// absent is not checked, which is what `--offline` does.
    pub fn check(mut self, facts: &BTreeMap<String, Result<PluginFacts, PluginFault>>) -> Checked {
        let context = Context::new(&self.declaration, facts, &self.base);
        // Without a tree there is nothing to say beyond why.
        if self.document.root().is_some() {
            rules::check(&context, &mut self.report);
        }
        let plan =
            if self.report.has_errors() { None } else { planned(&context, &mut self.report) };
        Checked { plan, findings: self.report.locate(&self.document) }
    }
}

fn planned(context: &Context<'_>, report: &mut Report) -> Option<Plan> {
    planning::plan(context)
        .map_err(|route| {
            report.add(
                Code::MissingKey,
                route,
                "something is missing here".to_owned(),
                "see the schema: `millstream schema`",
            )
        })
        .ok()
}
