//! Findings for people: code, place, excerpt, arrow and help.

mod excerpt;

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use crate::finding::{Finding, Severity};
use excerpt::{Excerpt, printable};

/// Findings for people. `text` is the file they were found in. `color` adds colours and box
/// drawing, which pipes and `NO_COLOR` do not want.
pub fn render(findings: &[Finding], text: &str, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_wrap_lines(false)
        .with_context_lines(1);
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    for finding in findings {
        let shown = Shown::of(finding, &lines);
        // It fails only where a part refuses to be displayed; the message must come through even then.
        if handler.render_report(&mut out, &shown).is_err() {
            out.push_str(&shown.message);
        }
        out.push('\n');
    }
    out
}

/// A finding as miette wants it.
struct Shown<'a> {
    finding: &'a Finding,
    message: String,
    excerpt: Option<Excerpt>,
}

impl<'a> Shown<'a> {
    fn of(finding: &'a Finding, lines: &[&str]) -> Self {
        let excerpt = Excerpt::of(lines, finding);
        let message = match excerpt {
            Some(_) => printable(&finding.message),
            None => printable(&format!(
                "{}:{}:{}: {}",
                finding.file, finding.line, finding.column, finding.message
            )),
        };
        Self { finding, message, excerpt }
    }
}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(printable(&self.finding.help)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        Some(Box::new(std::iter::once(excerpt.label())))
    }
}

impl std::error::Error for Shown<'_> {}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.finding, f)
    }
}
