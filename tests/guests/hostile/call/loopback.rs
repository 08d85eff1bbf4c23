//! Calls the address of its message on this very machine, where other things listen; says what came
//! of it as its reason to reject.
#![forbid(unsafe_code)]

use hostile::http::get;
use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(call);

fn call(message: Message<'_>, _: &mut Outputs<'_>) -> Result<(), Failure> {
    let answer = get(message.text()?, "/");
    Err(Failure::reject(format!("{:?}", answer.map(|answer| answer.status()))))
}
