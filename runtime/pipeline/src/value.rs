//! From the marked tree to plain values, with the environment's variables put in.

use serde_json::{Map, Value};

use crate::document::{Content, Node, infer};
use crate::interpolate::{Fault, interpolate};
use crate::report::Report;
use crate::route::{Route, Step};

/// Most bytes of all text with variables: a long value named often would fill the memory.
const EXPANDED_MAX: usize = 4 * 1024 * 1024;

/// The tree as a value. A scalar that cannot be resolved is `null` and its route broken.
pub(crate) fn plain_value(
    root: &Node,
    env: &dyn Fn(&str) -> Option<String>,
    report: &mut Report,
) -> Value {
    Reader { env, report, route: Route::default(), room: EXPANDED_MAX }.value(root)
}

struct Reader<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    report: &'a mut Report,
    route: Route,
    /// Bytes that text with variables may still take.
    room: usize,
}

impl Reader<'_> {
    fn value(&mut self, node: &Node) -> Value {
        match &node.content {
            Content::Scalar { text, plain } => self.scalar(text, *plain),
            Content::Sequence(items) => {
                let numbered = items.iter().enumerate();
                Value::Array(
                    numbered.map(|(index, item)| self.below(Step::Index(index), item)).collect(),
                )
            }
            Content::Mapping(entries) => {
                let pairs = entries.iter().map(|entry| {
                    (entry.key.clone(), self.below(Step::Key(entry.key.clone()), &entry.value))
                });
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    fn below(&mut self, step: Step, node: &Node) -> Value {
        self.route.push(step);
        let value = self.value(node);
        self.route.pop();
        value
    }

    /// A variable in plain text may become a number, as if its value stood in the file; in quotes
    /// it stays text.
    fn scalar(&mut self, text: &str, plain: bool) -> Value {
        if !text.contains('$') {
            return if plain { infer(text) } else { Value::String(text.to_owned()) };
        }
        match interpolate(text, self.room, self.env) {
            Ok(resolved) => {
                self.room = self.room.saturating_sub(resolved.len());
                if plain { infer(&resolved) } else { Value::String(resolved) }
            }
            Err(fault) => self.broken(fault),
        }
    }

    fn broken(&mut self, fault: Fault) -> Value {
        self.report.add(fault.code, self.route.clone(), fault.message, fault.help);
        self.report.break_route(self.route.clone());
        Value::Null
    }
}
