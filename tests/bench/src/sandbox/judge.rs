//! A plugin that reads JSON, decides and emits, beside the same code run natively.

#[path = "../../../guests/judge/src/decision.rs"]
mod decision;

use millstream_message::{Batch, BatchBuilder, MessageId, Outcome};

use super::{ROUNDS, calls, instance, natively};
use crate::load::{BATCH, HEADERS, PAYLOAD};
use crate::table::median;
use decision::decide;

pub(super) const GUEST: &str = "judge";
/// Every second order costs as much.
pub(super) const REVIEW_FROM_CENTS: u64 = 10_000;

pub(super) async fn report() -> anyhow::Result<()> {
    let (mut plugin, orders) = (instance(GUEST).await?, orders()?);
    let [mut alone, mut inside, mut ratios] = [(); 3].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        let native = natively(&orders, judged)?;
        let sandboxed = calls(&mut plugin, &orders, BATCH / 2).await?;
        alone.push(native);
        inside.push(sandboxed);
        ratios.push(sandboxed / native);
    }
    println!("| parse JSON, decide, emit for half; batch 256 | ns/message | ratio | aim |");
    println!("|---|---|---|---|");
    println!("| the same Rust code, natively | {:.0} | 1.00 | – |", median(alone));
    println!("| in a plugin | {:.0} | {:.2} | ≤ 1.70 |", median(inside), median(ratios));
    println!();
    Ok(())
}

/// What a plugin writes, in columns as it writes them.
#[derive(Default)]
struct Written {
    outcomes: Vec<Outcome>,
    starts: Vec<usize>,
    keys: Vec<u8>,
    payloads: Vec<u8>,
    /// Of key and payload of each message.
    ends: Vec<(usize, usize)>,
}

/// The plugin's work without a sandbox.
fn judged(orders: &Batch) -> anyhow::Result<Written> {
    let mut written = Written::default();
    for order in orders.iter() {
        if let Some(review) = decide(order.payload(), REVIEW_FROM_CENTS)? {
            serde_json::to_writer(&mut written.payloads, &review)?;
            written.keys.extend_from_slice(review.customer.as_bytes());
            written.ends.push((written.keys.len(), written.payloads.len()));
        }
        written.outcomes.push(Outcome::Ok);
        written.starts.push(written.ends.len());
    }
    Ok(written)
}

/// A batch of orders, as long as the other messages that are measured with.
fn orders() -> anyhow::Result<Batch> {
    let mut builder = BatchBuilder::with_capacity(BATCH, BATCH * PAYLOAD);
    for i in 0..BATCH {
        let id = MessageId::published(1_700_000_000_000, i as u128);
        let order = order(i);
        let key = Some("customer-4711");
        builder.push(id, 1_700_000_000_000, key, HEADERS, order.as_bytes())?;
    }
    Ok(builder.build())
}

fn order(serial: usize) -> String {
    let cents = if serial.is_multiple_of(2) { 4_999 } else { 250 };
    let mut text = format!(
        r#"{{"order":"order-{serial:06}","customer":"customer-4711","lines":[{{"article":"kettle-2","count":2,"cents":{cents}}},{{"article":"tea","count":3,"cents":450}}],"note":""#
    );
    // The rest of the note.
    text.extend(std::iter::repeat_n('x', PAYLOAD.saturating_sub(text.len() + 2)));
    text + r#""}"#
}
