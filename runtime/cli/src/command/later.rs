//! Commands that are not built yet: they say so and fail.

use crate::arguments::LaterCommand;
use crate::failure::Failure;

pub(super) fn execute(command: &LaterCommand) -> Result<(), Failure> {
    use LaterCommand as Later;
    let name = match command {
        Later::Top(_) => "top",
        Later::Graph(_) => "graph",
        Later::Trace(_) => "trace",
        Later::Bench(_) => "bench",
    };
    Err(Failure::not_yet(&format!("`millstream {name}`")))
}
