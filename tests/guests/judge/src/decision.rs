//! What is decided of an order. It knows of no plugin, so that `tests/bench` can run the same code
//! natively and tell what the sandbox adds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    order: Cow<'a, str>,
    #[serde(borrow)]
    customer: Cow<'a, str>,
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    article: Cow<'a, str>,
    count: u64,
    cents: u64,
}

/// Asks someone to look at an order.
#[derive(Serialize)]
pub(crate) struct Review<'a> {
    order: Cow<'a, str>,
    pub(crate) customer: Cow<'a, str>,
    cents: u64,
    articles: Vec<Cow<'a, str>>,
}

/// What is to be said of the order in `payload`: nothing while it costs less than `from_cents`.
pub(crate) fn decide(
    payload: &[u8],
    from_cents: u64,
) -> Result<Option<Review<'_>>, serde_json::Error> {
    let Order { order, customer, lines } = serde_json::from_slice(payload)?;
    let cents = lines.iter().map(|line| line.count.saturating_mul(line.cents)).sum();
    Ok((cents >= from_cents).then(|| {
        let articles = lines.into_iter().map(|line| line.article).collect();
        Review { order, customer, cents, articles }
    }))
}
