//! MS0312: standard input can be read once.

use super::Context;
use crate::code::Code;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let mut readers = context.sources().filter(|(_, _, source)| source.stdin.is_some());
    let Some((_, first, _)) = readers.next() else { return };
    for (route, _, _) in readers {
        let message = format!("the source `{first}` reads standard input already");
        let help =
            "keep one; a second topic gets the messages by a subscription with `pass_through`";
        report.add(Code::SharedStdin, route.key("stdin"), message, help);
    }
}
