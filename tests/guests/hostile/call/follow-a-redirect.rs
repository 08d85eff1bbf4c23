//! Calls the host of its message, which its grant lists, and goes where that sends it; says what came
//! of both as its reason to reject.
#![forbid(unsafe_code)]

use hostile::http::{get, location};
use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(call);

fn call(message: Message<'_>, _: &mut Outputs<'_>) -> Result<(), Failure> {
    let first = get(message.text()?, "/").map_err(|code| Failure::reject(format!("{code:?}")))?;
    let status = first.status();
    let (authority, path) = location(&first).ok_or_else(|| Failure::reject("no redirect"))?;
    let second = get(&authority, &path);
    Err(Failure::reject(format!("{status}, then {:?}", second.map(|answer| answer.status()))))
}
