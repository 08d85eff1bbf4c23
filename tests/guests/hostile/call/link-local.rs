//! Calls the address at which a cloud gives out the machine's credentials; says what came of it as
//! its reason to reject.
#![forbid(unsafe_code)]

use hostile::http::get;
use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(call);

fn call(_: Message<'_>, _: &mut Outputs<'_>) -> Result<(), Failure> {
    let answer = get("169.254.169.254", "/latest/meta-data/");
    Err(Failure::reject(format!("{:?}", answer.map(|answer| answer.status()))))
}
