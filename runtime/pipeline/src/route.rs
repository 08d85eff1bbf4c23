//! A route in the file: which keys and items lead to a value. Rules speak of routes only; where a
//! route lies in the text is found once, at the end.

use std::fmt;

use serde_json::Value;

/// The keys and indexes that lead from the root to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Route(Vec<Step>);

/// One step of a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl Route {
    /// The route of mapping keys only, which most are.
    pub(crate) fn of<const N: usize>(keys: [&str; N]) -> Self {
        Self(keys.iter().map(|key| Step::Key((*key).to_owned())).collect())
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// This route and every one above it, the longest first.
    pub(crate) fn ancestry(&self) -> impl Iterator<Item = Self> + '_ {
        (0..=self.0.len()).rev().map(|length| Self(self.0[..length].to_vec()))
    }

    /// Takes what lies on this route out of `value`. A list loses all its items, since the
    /// indexes of those behind would no longer match the file.
    pub(crate) fn cut_from(&self, value: &mut Value) {
        let mut current = value;
        for (depth, step) in self.0.iter().enumerate() {
            let last = depth + 1 == self.0.len();
            current = match (step, current) {
                (Step::Key(key), Value::Object(map)) if last => {
                    map.shift_remove(key);
                    return;
                }
                (Step::Key(key), Value::Object(map)) => match map.get_mut(key) {
                    Some(next) => next,
                    None => return,
                },
                (Step::Index(_), Value::Array(items)) if last => return items.clear(),
                (Step::Index(index), Value::Array(items)) => match items.get_mut(*index) {
                    Some(next) => next,
                    None => return,
                },
                _ => return,
            };
        }
        *current = Value::Object(serde_json::Map::new());
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
