use millstream_message::{BatchBuilder, MessageId};

use crate::{Reason, all_headers_fit, header_name, header_value};

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

type Headers = &'static [(&'static str, &'static str)];

/// Whether the headers of these messages fit, looked at all at once.
fn fit(messages: &[Headers]) -> bool {
    let mut batch = BatchBuilder::with_capacity(messages.len(), 0);
    for (i, headers) in messages.iter().enumerate() {
        let id = MessageId::published(0, i as u128);
        batch.push(id, 0, None, headers.iter().copied(), b"").unwrap();
    }
    let batch = batch.build();
    let whole = all_headers_fit(&batch.headers());
    let each = messages
        .iter()
        .copied()
        .flatten()
        .all(|(name, value)| header_name(name).is_ok() && header_value(name, value).is_ok());
    assert_eq!(whole, each, "{messages:?}");
    whole
}

#[test]
fn one_look_at_many_finds_what_a_look_at_each_finds() {
    const PAIR: Headers = &[("trace", "1"), ("kind", "order")];
    let messages: [&[Headers]; 6] =
        [&[], &[&[]], &[PAIR], &[PAIR; 9], &[&[], PAIR, PAIR], &[PAIR, &[], PAIR]];
    for fits in messages {
        assert!(fit(fits), "{fits:?}");
    }
    // As long as what goes before it, or as what is there twice.
    let odd: [Headers; 5] = [
        &[("trace", "1"), ("ki:d", "order")],
        &[("tra e", "1"), ("kind", "order")],
        &[("trace", "\n"), ("kind", "order")],
        &[("", "1"), ("tracekind", "order")],
        &[(" ", "")],
    ];
    for odd in odd {
        for messages in
            [[odd, PAIR, PAIR], [PAIR, odd, PAIR], [PAIR, PAIR, odd], [&[], PAIR, odd], [odd; 3]]
        {
            assert!(!fit(&messages), "{messages:?}");
        }
    }
}
