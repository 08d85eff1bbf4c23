use millstream_sdk::testing::Delivery;
use millstream_sdk::{Failure, Message, Outputs};

use super::{Settings, handle};

fn shout(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    handle(&Settings { suffix: "!".to_owned() }, message, out)
}

#[test]
fn it_shouts() {
    let sent = Delivery::of("hello").key("ann").handled_by(shout).unwrap();
    assert_eq!((sent[0].text(), sent[0].key.as_deref()), ("HELLO!", Some("ann")));
}

#[test]
fn it_refuses_silence() {
    let failure = Delivery::of("").handled_by(shout).unwrap_err();
    assert_eq!(failure, Failure::reject("nothing to shout"));
}
