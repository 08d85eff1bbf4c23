//! Work that would hold up other requests.

use crate::problem::Problem;

/// Does long work on a thread for such, where nobody waits behind it.
///
/// # Errors
/// 500 when the work panicked.
pub(crate) async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Problem::internal("answering failed: see the host's log"))
}
