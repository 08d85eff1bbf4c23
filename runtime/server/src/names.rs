//! Finding something by its name, or saying what was probably meant.

use crate::problem::Problem;

/// Longest name that is compared with others, in bytes: the comparison is quadratic.
const COMPARED_BYTES_MAX: usize = 256;
/// Names a misspelt one is compared with.
const COMPARED_MAX: usize = 1_000;

/// The item called `name`.
///
/// # Errors
/// 404 that names the nearest one.
pub(crate) fn find<T: Copy>(
    name: &str,
    items: impl Iterator<Item = T>,
    name_of: impl for<'t> Fn(&'t T) -> &'t str,
    what: &'static str,
) -> Result<T, Problem> {
    let items: Vec<T> = items.collect();
    let found = items.iter().find(|item| name_of(item) == name).copied();
    found.ok_or_else(|| unknown(name, items.iter().map(name_of), what))
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>, what: &'static str) -> Problem {
    let meant = nearest(name, known).map(|known| format!("; did you mean `{known}`?"));
    let shown: String = name.chars().take(COMPARED_BYTES_MAX).collect();
    Problem::unknown(what, format!("there is no {what} `{shown}`{}", meant.unwrap_or_default()))
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let distance_max = name.len().div_ceil(3).max(1);
    known
        .take(COMPARED_MAX)
        .map(|word| (strsim::damerau_levenshtein(name, word), word))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}
