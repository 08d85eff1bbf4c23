//! From the text of a condition to an expression whose cost is bounded.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo,
    operators,
};
use strsim::damerau_levenshtein;

use super::CONDITION_BYTES_MAX;
use super::environment::{self, FUNCTIONS, MACROS, TYPES};
use super::error::ConditionError;
use super::patience;
use super::patterns;
use super::variables::NAMES;

/// How deep an expression may nest: evaluating it takes stack for each level.
const DEPTH_MAX: usize = 48;

/// How deep loops may nest: each level multiplies the work.
const LOOPS_MAX: usize = 2;

/// References to variables in all: `[payload, payload, …]` copies the payload for each.
const REFERENCES_MAX: usize = 64;

/// Stack of the thread that parses: the parser takes stack for each operator of `a+a+a+…`, and some
/// two thousand fit into [`CONDITION_BYTES_MAX`].
const PARSER_STACK_BYTES: usize = 16 << 20;

/// Reads `text` and checks it.
pub(super) fn read(text: &str) -> Result<IdedExpr, ConditionError> {
    if text.len() > CONDITION_BYTES_MAX {
        let len = text.len();
        let message = format!("it is {len} bytes long, at most {CONDITION_BYTES_MAX} may be");
        return Err(ConditionError::new(message));
    }
    let unreadable = || ConditionError::new("it cannot be read as an expression");
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new()
            .name("condition".to_owned())
            .stack_size(PARSER_STACK_BYTES)
            .spawn_scoped(scope, || parse(text))
            .map_err(|error| ConditionError::new(format!("no thread to read it: {error}")))?;
        parser.join().unwrap_or_else(|_| Err(unreadable()))
    })
}

fn parse(text: &str) -> Result<IdedExpr, ConditionError> {
    let parser = environment::shared().parser();
    let (mut expression, source) = parser
        .parse_with_source_info(text)
        .map_err(|errors| ConditionError::reading(&errors, text))?;
    let mut check = Check { source: &source, names: Vec::new(), loops: 0, references: 0 };
    check.expression(&mut expression, 0)?;
    check.gives_verdict(&expression)?;
    Ok(expression)
}

/// One walk over an expression.
struct Check<'t> {
    source: &'t SourceInfo,
    /// The names that the loops around bind, innermost last.
    names: Vec<String>,
    loops: usize,
    references: usize,
}

type Checked = Result<(), ConditionError>;

impl Check<'_> {
    fn expression(&mut self, expression: &mut IdedExpr, depth: usize) -> Checked {
        if depth > DEPTH_MAX {
            let message = format!("it nests deeper than {DEPTH_MAX} levels: make it simpler");
            return Err(self.error(expression.id, message));
        }
        let id = expression.id;
        match &mut expression.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(id, name),
            Expr::Select(SelectExpr { operand, .. }) => self.expression(operand, depth + 1),
            Expr::Call(call) => self.call(id, call, depth),
            Expr::List(list) => self.all(&mut list.elements, depth),
            Expr::Map(map) => self.entries(map.entries.iter_mut().map(|e| &mut e.expr), depth),
            Expr::Comprehension(comprehension) => self.comprehension(id, comprehension, depth),
            Expr::Struct(literal) => {
                let name = &literal.type_name;
                Err(self.error(id, format!("there is no type `{name}` to make an object of")))
            }
            Expr::Unspecified => Err(self.error(id, "it is incomplete")),
        }
    }

    fn all<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e mut IdedExpr>,
        depth: usize,
    ) -> Checked {
        expressions.into_iter().try_for_each(|expression| self.expression(expression, depth + 1))
    }

    fn entries<'e>(
        &mut self,
        mut entries: impl Iterator<Item = &'e mut EntryExpr>,
        depth: usize,
    ) -> Checked {
        entries.try_for_each(|entry| match entry {
            EntryExpr::MapEntry(entry) => self.all([&mut entry.key, &mut entry.value], depth),
            EntryExpr::StructField(field) => self.expression(&mut field.value, depth + 1),
        })
    }

    fn name(&mut self, id: u64, name: &str) -> Checked {
        self.references += 1;
        if self.references > REFERENCES_MAX {
            let message = format!("it names variables more than {REFERENCES_MAX} times");
            return Err(self.error(id, message));
        }
        let bound = name.starts_with('@') || self.names.iter().any(|bound| bound == name);
        if bound || NAMES.contains(&name) || TYPES.contains(&name) {
            return Ok(());
        }
        Err(self.error(id, unknown("variable", name, &NAMES)))
    }

    fn call(&mut self, id: u64, call: &mut CallExpr, depth: usize) -> Checked {
        self.all(call.target.as_deref_mut(), depth)?;
        self.function(id, &call.func_name)?;
        if call.func_name == "matches" {
            self.pattern(call)?;
        }
        self.all(&mut call.args, depth)
    }

    fn function(&self, id: u64, name: &str) -> Checked {
        let operator = name.starts_with(['_', '@', '!', '-']);
        if operator || FUNCTIONS.contains(&name) {
            return Ok(());
        }
        if MACROS.contains(&name) {
            let message = format!("`{name}` takes other arguments: {}", usage(name));
            return Err(self.error(id, message));
        }
        Err(self.error(id, unknown("function", name, &FUNCTIONS)))
    }

    /// A pattern that is written out is checked now rather than at the first message.
    fn pattern(&self, call: &CallExpr) -> Checked {
        let Some(last) = call.args.last() else { return Ok(()) };
        let Expr::Literal(LiteralValue::String(pattern)) = &last.expr else { return Ok(()) };
        patterns::check(pattern.inner()).map_err(|message| self.error(last.id, message))
    }

    fn comprehension(
        &mut self,
        id: u64,
        comprehension: &mut ComprehensionExpr,
        depth: usize,
    ) -> Checked {
        self.expression(&mut comprehension.iter_range, depth + 1)?;
        self.loops += 1;
        if self.loops > LOOPS_MAX {
            let message = format!("loops are more than {LOOPS_MAX} deep in each other");
            return Err(self.error(id, message));
        }
        self.names.push(comprehension.iter_var.clone());
        let ComprehensionExpr { accu_init, loop_cond, loop_step, result, .. } = comprehension;
        self.all([accu_init, loop_cond, &mut *loop_step, result], depth)?;
        self.names.pop();
        self.loops -= 1;
        let bounded = round_of(loop_step).map(ask_first);
        bounded.ok_or_else(|| self.error(id, "it has a loop of an unknown kind"))
    }

    /// What can never be true or false is a mistake that need not wait for a message.
    fn gives_verdict(&self, expression: &IdedExpr) -> Checked {
        const ARITHMETIC: [&str; 6] = ["_+_", "_-_", "_*_", "_/_", "_%_", "-_"];
        let never = match &expression.expr {
            Expr::Literal(literal) => !matches!(literal, LiteralValue::Boolean(_)),
            Expr::List(_) | Expr::Map(_) => true,
            Expr::Call(call) => ARITHMETIC.contains(&call.func_name.as_str()),
            _ => false,
        };
        if never {
            return Err(self.error(expression.id, "it can be neither true nor false: compare it"));
        }
        Ok(())
    }

    fn error(&self, id: u64, message: impl Into<String>) -> ConditionError {
        let byte = self.source.offset_for(id).map(|(start, _)| start as usize);
        ConditionError::at(byte, message)
    }
}

/// The part of a loop's step that is the writer's: what is evaluated anew in each round. The macros
/// give `@result && it`, `@result || it`, `it ? … : …` and `@result + [it]`.
fn round_of(step: &mut IdedExpr) -> Option<&mut IdedExpr> {
    let Expr::Call(call) = &mut step.expr else { return None };
    match call.func_name.as_str() {
        operators::LOGICAL_AND | operators::LOGICAL_OR => call.args.get_mut(1),
        operators::CONDITIONAL => call.args.first_mut(),
        operators::ADD => match &mut call.args.get_mut(1)?.expr {
            Expr::List(list) => list.elements.first_mut(),
            _ => None,
        },
        _ => None,
    }
}

/// `it` becomes `@go_on() ? it : false`.
fn ask_first(round: &mut IdedExpr) {
    let id = round.id;
    let ided = |expr| IdedExpr { id, expr };
    let call = |name: &str, args| {
        ided(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
    };
    let otherwise = ided(Expr::Literal(LiteralValue::Boolean(false.into())));
    let body = std::mem::take(round);
    let asked = call(patience::FUNCTION, Vec::new());
    *round = call(operators::CONDITIONAL, vec![asked, body, otherwise]);
}

fn unknown(kind: &str, name: &str, names: &[&str]) -> String {
    const EDITS_MAX: usize = 2;
    let near = names.iter().map(|known| (damerau_levenshtein(known, name), known)).min();
    match near.filter(|(edits, _)| *edits <= EDITS_MAX) {
        Some((_, known)) => format!("there is no {kind} `{name}`: did you mean `{known}`?"),
        None => format!("there is no {kind} `{name}`: there are {}", names.join(", ")),
    }
}

fn usage(name: &str) -> String {
    match name {
        "has" => "has(payload.member)".to_owned(),
        name => format!("list.{name}(x, an expression with x)"),
    }
}
