use millstream_sdk::testing::{Delivery, Sent};

use super::*;

const ORDER: &str = r#"{"order":"o-1","cents":2500,"currency":"USD"}"#;

fn handle(order: &str, reply: Result<(u16, &str), &str>) -> Result<Vec<Sent>, Failure> {
    let settings = Settings { server: "https://rates.example.com".to_owned() };
    Delivery::of(order).handled_by(|message, out| {
        price_with(&settings, message, out, |url| {
            assert_eq!(url, "https://rates.example.com/rates/USD");
            let reply = reply.map(|(status, text)| Reply { status, text: text.to_owned() });
            reply.map_err(str::to_owned)
        })
    })
}

#[test]
fn an_order_is_priced_at_the_servers_rate() {
    let sent = handle(ORDER, Ok((200, "0.92\n"))).unwrap();
    let [priced] = &sent[..] else { panic!("{sent:?}") };
    let priced = priced.json::<serde_json::Value>();
    assert_eq!(priced, serde_json::json!({ "order": "o-1", "euro_cents": 2300 }));
}

#[test]
fn a_server_that_does_not_answer_is_asked_again() {
    for reply in [Err("refused"), Ok((503, "")), Ok((200, "soon")), Ok((200, "-1"))] {
        let failure = handle(ORDER, reply).unwrap_err();
        assert!(matches!(failure, Failure::Retry { .. }), "{failure:?}");
    }
}

#[test]
fn what_has_no_rate_is_rejected_and_what_is_no_currency_is_not_asked_for() {
    let unknown = handle(ORDER, Ok((404, ""))).unwrap_err();
    assert_eq!(unknown, Failure::reject("there is no rate for USD"));
    let odd = handle(&ORDER.replace("USD", "../x"), Ok((200, "1"))).unwrap_err();
    assert_eq!(odd, Failure::reject("\"../x\" is no currency"));
}
