//! A panic ends the instance; what it said must not end with it.

/// From now on a panic writes its text and place to the log as an `error` record, which is what
/// the host puts into the dead letter. Natively a panic is the test's affair.
pub(crate) fn report_to_log() {
    #[cfg(target_arch = "wasm32")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| std::panic::set_hook(Box::new(report)));
    }
}

#[cfg(target_arch = "wasm32")]
fn report(panic: &std::panic::PanicHookInfo<'_>) {
    use crate::log::{Level, write};
    let text = panic.payload_as_str().unwrap_or("a value that is not text");
    match panic.location() {
        Some(place) => write(Level::Error, &format!("panicked at {place}: {text}"), &[]),
        None => write(Level::Error, &format!("panicked: {text}"), &[]),
    }
}
