//! Both versions on the same messages, before the new one has any effect.

use millstream_tests::{figure, guest};
use serde_json::Value;

use crate::bed::Bed;

#[test]
fn versions_that_do_the_same_agree() {
    let bed = Bed::open("");
    let shadow = shadowed(&bed, &guest("echo-by-field"), "promoted");
    assert_eq!((figure(&shadow, "compared"), figure(&shadow, "agreed")), (40, 40), "{shadow:#}");
    assert_eq!(figure(&shadow, "differed"), 0);
    for time in ["old_us_per_message", "new_us_per_message"] {
        assert!(shadow[time].as_f64().is_some_and(|micros| micros > 0.0), "{shadow:#}");
    }
    bed.close();
}

#[test]
fn a_difference_is_told_with_what_both_versions_gave() {
    let bed = Bed::open("");
    let shadow = shadowed(&bed, &guest("stamp"), "promoted");
    assert_eq!((figure(&shadow, "compared"), figure(&shadow, "differed")), (40, 40), "{shadow:#}");
    let differences = shadow["differences"].as_array().expect("differences are a list");
    assert_eq!(differences.len(), 20, "the others are counted");
    let first = &differences[0];
    assert_eq!((&first["subscription"], &first["key"]), (&"work".into(), &"a".into()), "{first:#}");
    assert_eq!(first["old"]["ok"][0]["payload"], first["new"]["ok"][0]["payload"]);
    assert_eq!(first["old"]["ok"][0]["headers"], Value::Null);
    assert_eq!(first["new"]["ok"][0]["headers"][0][1], "stamp", "{first:#}");
    bed.close();
}

#[test]
fn a_version_that_fails_in_the_shadow_is_refused_and_nothing_of_it_is_seen() {
    let bed = Bed::open("");
    let shadow = shadowed(&bed, &guest("always-retry"), "refused");
    assert_eq!(figure(&shadow, "new_failed"), 40, "{shadow:#}");
    let retry = &shadow["differences"][0]["new"]["retry"];
    assert_eq!(retry, "never now", "{shadow:#}");
    let (summary, came) = bed.close();
    assert_eq!((came.len(), summary.subscription("work", "retried")), (40, 0));
}

/// Swaps with a look at 40 messages that wait, which are handled afterwards.
#[track_caller]
fn shadowed(bed: &Bed, component: &std::path::Path, state: &str) -> Value {
    bed.api.pause("work");
    let payloads: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    bed.publish(payloads.iter().map(|payload| ("a", payload.as_str())));
    let status = bed.swapped(component, "shadow=40&probation=0");
    assert_eq!(status["state"], state, "{status:#}");
    assert_eq!(bed.came().len(), 0, "the comparison put something out");
    bed.api.resume("work");
    bed.until_written(40);
    status["shadow"].clone()
}
