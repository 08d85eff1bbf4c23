//! Calls a host that its grant does not list; says what came of it as its reason to reject.
#![forbid(unsafe_code)]

use hostile::http::get;
use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(call);

fn call(_: Message<'_>, _: &mut Outputs<'_>) -> Result<(), Failure> {
    let answer = get("elsewhere.example", "/");
    Err(Failure::reject(format!("{:?}", answer.map(|answer| answer.status()))))
}
