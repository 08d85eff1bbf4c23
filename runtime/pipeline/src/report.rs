//! Where problems are gathered, and how they become findings.

use std::collections::HashSet;

use serde_json::Value;

use crate::code::Code;
use crate::document::{Document, Span};
use crate::finding::{Finding, Severity};
use crate::route::{Route, Step};

/// Most findings a run reports: a broken file of a megabyte would otherwise answer with more than
/// anyone reads.
pub(crate) const FINDINGS_MAX: usize = 500;

/// Longest message or help, in characters.
const MESSAGE_CHARS_MAX: usize = 600;

/// What was found so far, and which values nothing more can be said about.
#[derive(Debug, Default)]
pub(crate) struct Report {
    problems: Vec<Problem>,
    broken: HashSet<Route>,
    has_errors: bool,
}

/// A finding that still speaks of a route instead of a line.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    route: Route,
    place: Place,
    message: String,
    help: String,
}

/// Which part of an entry a problem points at.
#[derive(Debug)]
enum Place {
    /// The value where it is a scalar, else its key.
    Value,
    /// A word of the value, where the file holds it as it was understood; else the value.
    Within { text: String, at: usize },
    /// The key.
    Key,
    /// A known place, for what never became part of the tree.
    Span(Span),
}

impl Report {
    /// A problem with a value. `message` and `help` are lowercase fragments.
    pub(crate) fn add(
        &mut self,
        code: Code,
        route: Route,
        message: String,
        help: impl Into<String>,
    ) {
        self.push(Problem { code, route, place: Place::Value, message, help: help.into() });
    }

    /// A problem with a key itself, such as one that is unknown.
    pub(crate) fn add_at_key(
        &mut self,
        code: Code,
        route: Route,
        message: String,
        help: impl Into<String>,
    ) {
        self.push(Problem { code, route, place: Place::Key, message, help: help.into() });
    }

    /// A problem at byte `at` of `text`, which is the value's text as it was understood.
    pub(crate) fn add_within(
        &mut self,
        (text, at): (&str, usize),
        code: Code,
        route: Route,
        message: String,
        help: impl Into<String>,
    ) {
        let place = Place::Within { text: text.to_owned(), at };
        self.push(Problem { code, route, place, message, help: help.into() });
    }

    /// A problem at a known place of the text.
    pub(crate) fn add_at(
        &mut self,
        span: Span,
        code: Code,
        route: Route,
        message: String,
        help: impl Into<String>,
    ) {
        self.push(Problem { code, route, place: Place::Span(span), message, help: help.into() });
    }

    /// Room for one more than is shown, so that `locate` knows some were left out.
    fn push(&mut self, mut problem: Problem) {
        shorten(&mut problem.message);
        shorten(&mut problem.help);
        self.has_errors |= self.is_full() || problem.code.severity() == Severity::Error;
        if !self.is_full() {
            self.problems.push(problem);
        }
    }

    /// Says that the value on `route` was typed but means nothing: rules keep silent about it.
    pub(crate) fn break_route(&mut self, route: Route) {
        self.broken.insert(route);
    }

    /// Whether the value on `route`, or one it lies in, means nothing.
    pub(crate) fn is_broken(&self, route: &Route) -> bool {
        route.ancestry().any(|above| self.broken.contains(&above))
    }

    /// Whether a section, or a whole entry of it, means nothing.
    pub(crate) fn has_broken_entry(&self, section: &str) -> bool {
        let of_section = |route: &&Route| matches!(route.steps().first(), Some(Step::Key(key)) if key == section);
        self.broken.iter().filter(of_section).any(|route| route.steps().len() <= 2)
    }

    /// Takes everything that means nothing out of `value`.
    pub(crate) fn cut_broken(&self, value: &mut Value) {
        for route in &self.broken {
            route.cut_from(value);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// Whether further problems would be left out.
    pub(crate) fn is_full(&self) -> bool {
        self.problems.len() > FINDINGS_MAX
    }

    /// The findings in the order of the file.
    pub(crate) fn locate(self, document: &Document) -> Vec<Finding> {
        let left_out = self.is_full();
        let mut findings: Vec<Finding> = self
            .problems
            .into_iter()
            .take(FINDINGS_MAX)
            .map(|problem| problem.locate(document))
            .collect();
        findings.sort_by_key(|finding| (finding.line, finding.column, finding.code));
        findings.dedup();
        if left_out {
            findings.push(too_many().locate(document));
        }
        findings
    }
}

impl Problem {
    fn locate(self, document: &Document) -> Finding {
        let span = match self.place {
            Place::Value => document.value_span(&self.route),
            Place::Within { text, at } => document.word_span(&self.route, &text, at),
            Place::Key => document.key_span(&self.route),
            Place::Span(span) => span,
        };
        let (line, column) = document.position(span.start);
        let (end_line, end_column) = document.position(span.end);
        Finding {
            code: self.code.id(),
            severity: self.code.severity(),
            message: self.message,
            file: document.file().to_owned(),
            line,
            column,
            end_line,
            end_column,
            path: self.route.to_string(),
            help: self.help,
        }
    }
}

/// A value of a megabyte is not repeated in a message.
fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MESSAGE_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
}

fn too_many() -> Problem {
    Problem {
        code: Code::TooManyFindings,
        route: Route::default(),
        place: Place::Value,
        message: format!("there are more than {FINDINGS_MAX} findings; the rest is left out"),
        help: "mend these first and check again".to_owned(),
    }
}
