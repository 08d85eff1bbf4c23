//! Builds the marked tree from parser events, within the bounds.

use std::collections::HashMap;

use serde_yaml::granit_parser::{self as yaml, Event, Parser, ScalarStyle, Tag};

use super::{Content, DEPTH_MAX, Entry, NODES_MAX, Node, Span, TEXT_MAX};
use crate::code::Code;
use crate::report::Report;
use crate::route::{Route, Step};

/// The root of the first document, if the text is YAML within the bounds.
pub(super) fn build(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > TEXT_MAX {
        let message = format!(
            "the file has {} bytes, more than the {TEXT_MAX} that are looked at",
            text.len()
        );
        refuse(
            report,
            Span::default(),
            Code::TooLarge,
            message,
            "a pipeline file holds wiring; keep data in files of their own",
        );
        return None;
    }
    let mut builder = Builder {
        text,
        report,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
        documents: 0,
    };
    builder.run().then_some(())?;
    Some(builder.root.unwrap_or_else(|| null(Span::default())))
}

struct Builder<'a> {
    text: &'a str,
    report: &'a mut Report,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    root: Option<Node>,
    documents: usize,
}

/// A collection whose end has not come yet.
struct Open {
    anchor: usize,
    start: usize,
    kind: OpenKind,
    /// Height of the tallest child so far, for the depth of later aliases.
    height: usize,
    first_node: usize,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: HashMap<String, Span>, key: Option<Key> },
}

/// A key that waits for its value.
struct Key {
    text: String,
    span: Span,
    /// Whether the value is thrown away: the key was there before, or is no key for us.
    ignored: bool,
}

/// What an alias repeats.
struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

impl Builder<'_> {
    /// False if the file cannot be read on; the report then says why.
    fn run(&mut self) -> bool {
        let mut parser = Parser::new_from_str_with_options(self.text, options());
        while let Some(event) = parser.next_event() {
            let going_on = match event {
                Ok((event, span)) => self.event(event, byte_span(span)),
                Err(error) => return self.syntax_error(&error),
            };
            if !going_on {
                return false;
            }
            if self.documents > 1 {
                break;
            }
        }
        true
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::DocumentStart(..) => return self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let content = Content::Scalar { text: text.into_owned(), plain };
                return self.count(1, span) && self.finished(Node { span, content }, anchor, 1, 1);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                return self.opened(anchor, span, OpenKind::Sequence(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                let kind =
                    OpenKind::Mapping { entries: Vec::new(), seen: HashMap::new(), key: None };
                return self.opened(anchor, span, kind);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.closed(span),
            Event::Alias(id) => return self.alias(id, span),
            _ => {}
        }
        true
    }

    fn document(&mut self, span: Span) -> bool {
        self.documents += 1;
        if self.documents == 2 {
            let message = "a second document begins here".to_owned();
            refuse(
                self.report,
                span,
                Code::UnsupportedYaml,
                message,
                "keep one pipeline per file; nothing behind `---` is read",
            );
        }
        true
    }

    fn opened(&mut self, anchor: usize, span: Span, kind: OpenKind) -> bool {
        let first_node = self.nodes;
        self.open.push(Open { anchor, start: span.start, kind, height: 0, first_node });
        self.count(1, span) && self.deep_enough(0, span)
    }

    fn closed(&mut self, span: Span) -> bool {
        let Some(open) = self.open.pop() else { return true };
        let content = match open.kind {
            OpenKind::Sequence(items) => Content::Sequence(items),
            OpenKind::Mapping { entries, .. } => Content::Mapping(entries),
        };
        let node =
            Node { span: Span { start: open.start, end: span.end.max(open.start) }, content };
        self.finished(node, open.anchor, self.nodes - open.first_node, open.height + 1)
    }

    fn alias(&mut self, id: usize, span: Span) -> bool {
        let Some(anchored) = self.anchors.get(&id) else { return true };
        let (nodes, height) = (anchored.nodes, anchored.height);
        // Both bounds come before the copy: a bomb is refused, not defused.
        if !self.count(nodes, span) || !self.deep_enough(height, span) {
            return false;
        }
        match self.anchors.get(&id).map(|anchored| anchored.node.clone()) {
            Some(node) => self.finished(node, 0, nodes, height),
            None => true,
        }
    }

    /// Puts a complete value where it belongs: the root, a list, a key or a key's value.
    fn finished(&mut self, node: Node, anchor: usize, nodes: usize, height: usize) -> bool {
        if anchor > 0 {
            // The copy that is kept counts like any other, or anchors nested in anchors would
            // cost the square of the file's size.
            if !self.count(nodes, node.span) {
                return false;
            }
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, height });
        }
        let route = self.route();
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(open) => {
                open.height = open.height.max(height);
                open.kind.take(node, &route, self.report);
            }
        }
        true
    }

    /// The route of the innermost open collection.
    fn route(&self) -> Route {
        let mut route = Route::default();
        for open in self.open.iter().take(self.open.len().saturating_sub(1)) {
            match &open.kind {
                OpenKind::Sequence(items) => route.push(Step::Index(items.len())),
                OpenKind::Mapping { key: Some(key), .. } => route.push(Step::Key(key.text.clone())),
                OpenKind::Mapping { key: None, .. } => {}
            }
        }
        route
    }

    fn count(&mut self, nodes: usize, span: Span) -> bool {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODES_MAX {
            let message = format!(
                "the file has more than {NODES_MAX} values, aliases counted each time they repeat one"
            );
            refuse(
                self.report,
                span,
                Code::TooLarge,
                message,
                "keep data in files of their own, and aliases few",
            );
        }
        self.nodes <= NODES_MAX
    }

    fn deep_enough(&mut self, height: usize, span: Span) -> bool {
        let fits = self.open.len() + height <= DEPTH_MAX;
        if !fits {
            let message = format!("values are nested more than {DEPTH_MAX} deep");
            refuse(self.report, span, Code::TooLarge, message, "flatten the file");
        }
        fits
    }

    fn check_tag(&mut self, tag: Option<&Tag>, span: Span) {
        let Some(tag) = tag else { return };
        let text_tag = tag.is_yaml_core_schema_tag("str") || tag.original() == "!";
        if !text_tag {
            let message = format!("the tag `{}` is not understood", tag.original());
            refuse(
                self.report,
                span,
                Code::UnsupportedYaml,
                message,
                "leave the tag away; quotes make text of anything",
            );
        }
    }

    fn syntax_error(&mut self, error: &yaml::ScanError) -> bool {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let at = (0..=at).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let width =
            self.text[at..].chars().next().filter(|char| *char != '\n').map_or(0, char::len_utf8);
        let span = Span { start: at, end: at + width };
        let message = format!("this is not YAML: {}", error.info());
        refuse(self.report, span, Code::Syntax, message, syntax_help(self.text, at));
        false
    }
}

impl OpenKind {
    fn take(&mut self, node: Node, route: &Route, report: &mut Report) {
        match self {
            Self::Sequence(items) => items.push(node),
            Self::Mapping { entries, seen, key } => match key.take() {
                None => *key = Some(read_key(node, seen, route, report)),
                Some(key) if key.ignored => {}
                Some(key) => entries.push(Entry { key: key.text, key_span: key.span, value: node }),
            },
        }
    }
}

fn read_key(
    node: Node,
    seen: &mut HashMap<String, Span>,
    route: &Route,
    report: &mut Report,
) -> Key {
    let span = node.span;
    let Content::Scalar { text, .. } = node.content else {
        let message = "a list or mapping cannot be a key".to_owned();
        report.add_at(span, Code::UnsupportedYaml, route.clone(), message, "keys are plain names");
        return Key { text: String::new(), span, ignored: true };
    };
    let repeated = seen.contains_key(&text);
    if repeated {
        let message = format!("the key `{text}` is given twice");
        report.add_at(
            span,
            Code::DuplicateKey,
            route.key(&text),
            message,
            "keep one of the two; the first is used for the other checks",
        );
    }
    seen.entry(text.clone()).or_insert(span);
    Key { text, span, ignored: repeated }
}

fn refuse(report: &mut Report, span: Span, code: Code, message: String, help: &str) {
    report.add_at(span, code, Route::default(), message, help);
}

fn options() -> yaml::Options {
    let mut options = yaml::Options::default();
    options.set_emit_comments(false);
    options
}

fn byte_span(span: yaml::Span) -> Span {
    let start = span.start.byte_offset().unwrap_or(0);
    Span { start, end: span.end.byte_offset().unwrap_or(start).max(start) }
}

fn null(span: Span) -> Node {
    Node { span, content: Content::Scalar { text: String::new(), plain: true } }
}

/// The likeliest reason, by what the line looks like.
fn syntax_help(text: &str, at: usize) -> &'static str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or("");
    if line.contains("${") {
        "inside { } and [ ] a variable needs quotes: \"${NAME}\""
    } else if line.trim_start_matches(' ').starts_with('\t') {
        "indent with spaces; YAML allows no tabs there"
    } else {
        "look for a missing quote, bracket or colon, or a wrong indentation, here or just above"
    }
}
