//! Prices orders in euros, at the rate that a server names for their currency.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use millstream_sdk::{Failure, Message, Outputs, handler};
use serde::{Deserialize, Serialize};

mod server;
#[cfg(test)]
mod tests;

use server::Reply;

handler!(price, configure = check);

fn price(
    settings: &Settings,
    message: Message<'_>,
    out: &mut Outputs<'_>,
) -> Result<(), Failure> {
    price_with(settings, message, out, server::get)
}

/// Calls the server by `get`, which takes a URL.
fn price_with(
    settings: &Settings,
    message: Message<'_>,
    out: &mut Outputs<'_>,
    get: impl FnOnce(&str) -> Result<Reply, String>,
) -> Result<(), Failure> {
    let order: Order<'_> = message.json()?;
    let url = format!("{}/rates/{}", settings.server, order.currency()?);
    // Who does not answer now may do so later.
    let reply = get(&url).map_err(|error| Failure::retry(format!("{url}: {error}")))?;
    let rate = reply.rate(&order.currency)?;
    let euro_cents = (order.cents as f64 * rate).round() as i64;
    out.json(&Priced { order: &order.order, euro_cents })?.key(&order.order);
    Ok(())
}

/// The plugin's `config` in the pipeline file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Scheme, host and port of the server, as the pipeline grants it.
    server: String,
}

fn check(settings: Settings) -> Result<Settings, String> {
    let server = &settings.server;
    let known = ["http://", "https://"].iter().any(|scheme| server.starts_with(scheme));
    if known && !server.ends_with('/') {
        return Ok(settings);
    }
    Err(format!("server is {server:?}, must be an origin such as \"https://rates.example.com\""))
}

/// What somebody ordered.
#[derive(Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    order: Cow<'a, str>,
    cents: i64,
    #[serde(borrow)]
    currency: Cow<'a, str>,
}

/// What it costs.
#[derive(Serialize)]
struct Priced<'a> {
    order: &'a str,
    euro_cents: i64,
}

impl Order<'_> {
    /// The currency, if it can be part of a path.
    fn currency(&self) -> Result<&str, Failure> {
        let currency = &*self.currency;
        let plain = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if plain { Ok(currency) } else { Err(Failure::reject(format!("{currency:?} is no currency"))) }
    }
}

impl Reply {
    fn rate(&self, currency: &str) -> Result<f64, Failure> {
        match self.status {
            200 => {}
            404 => return Err(Failure::reject(format!("there is no rate for {currency}"))),
            status => return Err(Failure::retry(format!("the server answers {status}"))),
        }
        let rate = self.text.trim().parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
        rate.ok_or_else(|| Failure::retry("the server names no rate"))
    }
}
