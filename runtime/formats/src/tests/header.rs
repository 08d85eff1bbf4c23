use crate::{Reason, header_name, header_value};

#[test]
fn names_are_kept_in_lower_case() {
    assert_eq!(header_name("Trace-Parent").unwrap(), "trace-parent");
    assert_eq!(header_name("a_b.c~1").unwrap(), "a_b.c~1");
}

#[test]
fn names_are_tokens_of_bounded_length() {
    for name in ["", "a b", "a:b", "a\n", "ü"] {
        assert!(matches!(header_name(name), Err(Reason::Malformed(_))), "{name:?}");
    }
    assert!(header_name(&"a".repeat(256)).is_ok());
    assert!(matches!(header_name(&"a".repeat(257)), Err(Reason::TooLarge(_))));
}

#[test]
fn values_are_one_line_of_text() {
    assert!(header_value("h", "Zürich\tHB").is_ok());
    for value in ["a\nb", "a\r", "\0", "\u{7f}"] {
        assert!(header_value("h", value).is_err(), "{value:?}");
    }
}
