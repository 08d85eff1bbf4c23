//! Where a language does otherwise, and why that is as it should be. What is listed here and works
//! fails the test.

/// Guest, scenario and reason.
pub(crate) const EXCEPTIONS: [(&str, &str, &str); 3] = [
    (
        "c",
        "reject-with-nul",
        "C formats reasons as `printf` does, which ends a text at a zero byte.",
    ),
    (
        "rust-consumer",
        "reject-with-lines",
        "Bindings hand a reason over as it is: making one line of it is an SDK's work.",
    ),
    (
        "rust-consumer",
        "config-wrong-type",
        "The guest refuses it in the words of its JSON library, which does not name the setting.",
    ),
];

/// Why `guest` does otherwise in `scenario`, if it does.
pub(crate) fn exception(guest: &str, scenario: &str) -> Option<&'static str> {
    let of = |exception: &&(&str, &str, &str)| (exception.0, exception.1) == (guest, scenario);
    EXCEPTIONS.iter().find(of).map(|(_, _, why)| *why)
}
