//! The marked tree: the file's YAML with the place of every key and value.
//!
//! It is built from the events of the parser that `serde-saphyr` brings along rather than by a
//! ready-made loader: only so are *all* repeated keys seen, and nesting and aliases are bounded
//! while the tree grows.

mod builder;
mod scalar;

use crate::report::Report;
use crate::route::{Route, Step};

pub(crate) use scalar::infer;

/// Largest file that is looked at, in bytes. A pipeline file is written by people.
pub(crate) const TEXT_MAX: usize = 1024 * 1024;
/// Most values in a file, those that aliases repeat counted each time: stops "billion laughs".
pub(crate) const NODES_MAX: usize = 50_000;
/// Deepest nesting; everything behind this point may therefore recurse.
pub(crate) const DEPTH_MAX: usize = 64;

/// A file's text with its tree.
#[derive(Debug)]
pub(crate) struct Document {
    file: String,
    text: String,
    line_starts: Vec<usize>,
    root: Option<Node>,
}

/// A range of the text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Text; `plain` if it was written without quotes, so that `5` may be a number.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Document {
    /// Reads `text`. A file whose syntax is broken has no root.
    pub(crate) fn read(text: &str, file: &str, report: &mut Report) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            line_starts: line_starts(text),
            root: builder::build(text, report),
        }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// Line and column, both from 1, the column in characters.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        (line, before.chars().count() + 1)
    }

    /// Where the value on `route` is; of a mapping or list, and of a value that is not there, the
    /// nearest key above.
    pub(crate) fn value_span(&self, route: &Route) -> Span {
        let found = self.find(route);
        match found.node {
            Some(Node { span, content: Content::Scalar { .. } })
                if found.complete && span.end > span.start =>
            {
                *span
            }
            _ => found.key_span,
        }
    }

    /// Where the word at byte `at` of `value` is, the text of the value on `route`. Escapes, folded
    /// lines and variables make the file differ from it: then the whole value.
    pub(crate) fn word_span(&self, route: &Route, value: &str, at: usize) -> Span {
        let whole = self.value_span(route);
        let typed = self.text.get(whole.start..whole.end).unwrap_or("");
        match (typed.find(value), word(value, at)) {
            (Some(start), Some(word)) => {
                let start = whole.start + start;
                Span { start: start + word.start, end: start + word.end }
            }
            _ => whole,
        }
    }

    /// Where the key that ends `route` is, or the nearest one above.
    pub(crate) fn key_span(&self, route: &Route) -> Span {
        self.find(route).key_span
    }

    /// The keys of the mapping on `route`; none where there is no mapping.
    pub(crate) fn keys(&self, route: &Route) -> Vec<&str> {
        let found = self.find(route);
        match found.node.map(|node| &node.content) {
            Some(Content::Mapping(entries)) if found.complete => {
                entries.iter().map(|entry| entry.key.as_str()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn find(&self, route: &Route) -> Found<'_> {
        let mut found =
            Found { node: self.root.as_ref(), key_span: self.first_line(), complete: true };
        for step in route.steps() {
            match found.node.and_then(|node| node.child(step)) {
                Some((key_span, child)) => {
                    found.key_span = key_span.unwrap_or(found.key_span);
                    found.node = Some(child);
                }
                None => return Found { complete: false, ..found },
            }
        }
        found
    }

    /// What a finding about the whole file points at: its first line that says something.
    fn first_line(&self) -> Span {
        let start = self.root.as_ref().map_or(0, |root| root.span.start);
        let rest = self.text.get(start..).unwrap_or("");
        Span { start, end: start + rest.lines().next().unwrap_or("").len() }
    }
}

/// How far a route leads.
struct Found<'a> {
    node: Option<&'a Node>,
    key_span: Span,
    complete: bool,
}

impl Node {
    fn child(&self, step: &Step) -> Option<(Option<Span>, &Node)> {
        match (&self.content, step) {
            (Content::Mapping(entries), Step::Key(key)) => entries
                .iter()
                .find(|entry| entry.key == *key)
                .map(|entry| (Some(entry.key_span), &entry.value)),
            (Content::Sequence(items), Step::Index(index)) => {
                items.get(*index).map(|item| (None, item))
            }
            _ => None,
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// The word at byte `at` of `text`, or the one character that is there, or the last one.
fn word(text: &str, at: usize) -> Option<Span> {
    let last = text.char_indices().next_back()?.0;
    let start = at.min(last);
    let rest = text.get(start..)?;
    let length = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    let first = rest.chars().next()?.len_utf8();
    Some(Span { start, end: start + length.unwrap_or(rest.len()).max(first) })
}
