//! How long the loops of a condition may run.

use std::cell::Cell;
use std::time::{Duration, Instant};

use cel::ExecutionError;
use cel::common::types::CelBool;
use cel::common::value::CowVal;

/// How long the evaluation of one condition for one message may run before its loops end. Stops
/// loops within loops over a large payload; what is outside loops is bounded by its length.
const TIME_MAX: Duration = Duration::from_millis(250);

/// What every round of a loop asks first; no condition can spell this name.
pub(super) const FUNCTION: &str = "@go_on";

thread_local! {
    /// When the evaluation under way on this thread has to end.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Begins an evaluation on this thread.
pub(super) fn begin() {
    DEADLINE.set(Instant::now().checked_add(TIME_MAX));
}

/// True, until the time is over.
pub(super) fn go_on<'b, 'v>(_: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    if DEADLINE.get().is_some_and(|deadline| Instant::now() > deadline) {
        let text = format!("its loops took more than {} ms for one message", TIME_MAX.as_millis());
        return Err(ExecutionError::InternalError(text));
    }
    Ok(CowVal::owned(CelBool::from(true)))
}
