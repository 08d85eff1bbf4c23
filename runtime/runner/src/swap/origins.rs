//! Where versions of a plugin came from, as far as anybody said.

/// How many are remembered of versions that are not in use: those that wait for their swap. Stops a tag
/// that moves for months from filling the memory.
const UNUSED_MAX: usize = 8;

/// Sources by digest, the newest last.
#[derive(Debug, Default)]
pub(super) struct Origins(Vec<(String, String)>);

impl Origins {
    /// The version with this digest came from `source`; what was said of it before is forgotten.
    pub(super) fn tell(&mut self, digest: String, source: String, in_use: &[String]) {
        self.0.retain(|(known, _)| *known != digest);
        self.0.push((digest, source));
        let unused = |(digest, _): &(String, String)| !in_use.contains(digest);
        let mut excess = self.0.iter().filter(|one| unused(one)).count().saturating_sub(UNUSED_MAX);
        self.0.retain(|one| {
            let dropped = excess > 0 && unused(one);
            excess -= usize::from(dropped);
            !dropped
        });
    }

    /// Where the version with this digest came from.
    pub(super) fn of(&self, digest: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, _)| known == digest);
        found.map(|(_, source)| source.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Origins, UNUSED_MAX};

    #[test]
    fn what_is_in_use_is_remembered_and_of_the_rest_the_newest() {
        let mut origins = Origins::default();
        let in_use = ["serving".to_owned()];
        origins.tell("serving".to_owned(), "first".to_owned(), &in_use);
        for number in 0..=UNUSED_MAX {
            origins.tell(number.to_string(), format!("source {number}"), &in_use);
        }
        assert_eq!(origins.of("serving").as_deref(), Some("first"));
        assert_eq!(origins.of("0"), None);
        assert_eq!(origins.of("1").as_deref(), Some("source 1"));
        origins.tell("1".to_owned(), "elsewhere".to_owned(), &in_use);
        assert_eq!(origins.of("1").as_deref(), Some("elsewhere"));
    }
}
