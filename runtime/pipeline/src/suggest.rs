//! "Did you mean": the known word nearest to a misspelt one.

/// The nearest of `known`, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Both bounds also keep a hostile word of a megabyte from costing a quadratic comparison.
    let typed_length = typed.len().min(WORD_MAX + 1);
    let distance_max = typed_length.div_ceil(3).max(1);
    known
        .into_iter()
        .take(COMPARED_MAX)
        .filter(|word| {
            word.len().abs_diff(typed_length) <= distance_max && typed_length <= WORD_MAX
        })
        .map(|word| (strsim::damerau_levenshtein(typed, word), word))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// "did you mean `X`?", or else the words there are.
pub(crate) fn help(typed: &str, known: &[&str], what: &str) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None if known.is_empty() => format!("the file declares no {what}"),
        None => format!("known {what}: {}", list(known)),
    }
}

/// The words in backticks, as many as a reader takes in.
pub(crate) fn list(words: &[&str]) -> String {
    let shown: Vec<String> =
        words.iter().take(LISTED_MAX).map(|word| format!("`{word}`")).collect();
    let more = if words.len() > LISTED_MAX { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Longest word that is compared at all, in bytes.
const WORD_MAX: usize = 256;
/// Known words a misspelt one is compared with.
const COMPARED_MAX: usize = 1_000;
/// Words listed in one help.
const LISTED_MAX: usize = 16;
