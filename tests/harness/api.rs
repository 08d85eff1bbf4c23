//! The HTTP API of a running host.

use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use serde_json::Value;

use crate::lines::PATIENCE;

/// The shortest and the longest pause between two looks at what is to become so: who looks all the time
/// takes the cores from the host that makes it so.
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// A client of anything on this machine. It is asked in the clear, so nobody is trusted; that has to be
/// said, as does by which cryptography.
pub(crate) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(PATIENCE).no_proxy().tls_certs_only([]);
    client.build().expect("a client can be built")
}

/// A client of one host.
pub struct Api {
    client: Client,
    url: String,
}

impl Api {
    /// A client of the host at `url`.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { client: client(), url: url.to_owned() }
    }

    /// The same client for a host that went on at another address.
    #[must_use]
    pub fn moved_to(&self, url: &str) -> Self {
        Self { client: self.client.clone(), url: url.to_owned() }
    }

    /// Publishes a request's body to `topic`: status and answer.
    #[track_caller]
    pub fn publish(
        &self,
        topic: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> (u16, Value) {
        let path = format!("/v1/topics/{topic}/messages");
        self.post(&path, content_type, body)
    }

    /// Posts to any path: status and answer.
    #[track_caller]
    pub fn post(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let request =
            self.client.post(format!("{}{path}", self.url)).header("content-type", content_type);
        answer(request.body(body.into()).send().expect("the host answers"))
    }

    /// Puts a text at any path: status and answer.
    #[track_caller]
    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
        self.try_put(path, body).expect("the host answers")
    }

    /// As [`Api::put`], but the host may be gone.
    ///
    /// # Errors
    /// No whole answer came: what was asked for may have happened or not.
    pub fn try_put(&self, path: &str, body: impl Into<Vec<u8>>) -> reqwest::Result<(u16, Value)> {
        let response = self.client.put(format!("{}{path}", self.url)).body(body.into()).send()?;
        Ok((response.status().as_u16(), document(response.text()?)))
    }

    /// What stands at `path`, as it is.
    #[track_caller]
    pub fn text(&self, path: &str) -> String {
        let got = self.client.get(format!("{}{path}", self.url)).send();
        got.and_then(Response::text).expect("the host answers")
    }

    /// Publishes one message with headers of the request: all of the answer that matters.
    #[track_caller]
    pub fn publish_with(
        &self,
        topic: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answered {
        self.try_publish_with(topic, headers, body).expect("the host answers")
    }

    /// As [`Api::publish_with`], but the host may be gone.
    ///
    /// # Errors
    /// No whole answer came: what was published may have been accepted or not.
    pub fn try_publish_with(
        &self,
        topic: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> reqwest::Result<Answered> {
        let url = format!("{}/v1/topics/{topic}/messages", self.url);
        let request = headers
            .iter()
            .fold(self.client.post(url), |request, (name, value)| request.header(*name, *value));
        let response = request.body(body.into()).send()?;
        let retry_after = response.headers().get("retry-after").cloned();
        let retry_after =
            retry_after.and_then(|seconds| seconds.to_str().ok().and_then(|s| s.parse().ok()));
        let status = response.status().as_u16();
        Ok(Answered { status, retry_after, body: document(response.text()?) })
    }

    /// Posts a document to `path`, as the commands do: status and answer.
    #[track_caller]
    pub fn tell(&self, path: &str, document: &Value) -> (u16, Value) {
        self.post(path, "application/json", document.to_string())
    }

    /// As [`Api::tell`], but the host may be gone.
    ///
    /// # Errors
    /// No whole answer came: what was asked for may have happened or not.
    pub fn try_tell(&self, path: &str, document: &Value) -> reqwest::Result<(u16, Value)> {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json");
        let response = request.body(document.to_string()).send()?;
        Ok((response.status().as_u16(), self::document(response.text()?)))
    }

    /// Stops delivery to a subscription.
    #[track_caller]
    pub fn pause(&self, subscription: &str) {
        let (status, answer) =
            self.tell(&format!("/v1/subscriptions/{subscription}/pause"), &Value::Null);
        assert_eq!(status, 200, "{answer:#}");
    }

    /// Starts it again.
    #[track_caller]
    pub fn resume(&self, subscription: &str) {
        let (status, answer) =
            self.tell(&format!("/v1/subscriptions/{subscription}/resume"), &Value::Null);
        assert_eq!(status, 200, "{answer:#}");
    }

    /// Moves a subscription to `earliest`, `now` or a time.
    #[track_caller]
    pub fn seek(&self, subscription: &str, to: &str) {
        let path = format!("/v1/subscriptions/{subscription}/seek");
        let (status, answer) = self.tell(&path, &serde_json::json!({ "to": to }));
        assert_eq!(status, 200, "{answer:#}");
    }

    /// Deletes what is at `path`: status and answer.
    #[track_caller]
    pub fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.client.delete(format!("{}{path}", self.url)).send().expect("the host answers"))
    }

    /// Asks for `path`: status and answer.
    #[track_caller]
    pub fn get(&self, path: &str) -> (u16, Value) {
        answer(self.client.get(format!("{}{path}", self.url)).send().expect("the host answers"))
    }

    /// The dead letters of a subscription once there are `count`.
    #[track_caller]
    #[must_use]
    pub fn dead_letters(&self, subscription: &str, count: usize) -> Vec<Value> {
        let path = format!("/v1/subscriptions/{subscription}/dead-letters");
        let enough =
            |letters: &Value| letters["items"].as_array().is_some_and(|items| items.len() >= count);
        let letters = self.until(&path, enough);
        letters["items"].as_array().cloned().expect("a list has items")
    }

    /// The figures of a topic once they are as wanted.
    #[track_caller]
    pub fn topic_until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until(&format!("/v1/topics/{name}"), wanted)
    }

    /// The figures of a subscription once they are as wanted.
    #[track_caller]
    pub fn subscription_until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until(&format!("/v1/subscriptions/{name}"), wanted)
    }

    /// Of every subscription: what came in is handled, given up in one way or another, or still
    /// there. Taken at one moment, so it holds at every moment.
    #[track_caller]
    pub fn adds_up(&self) {
        let (_, subscriptions) = self.get("/v1/subscriptions");
        for figures in subscriptions["items"].as_array().expect("subscriptions are a list") {
            let sum =
                |names: &[&str]| -> u64 { names.iter().map(|name| figure(figures, name)).sum() };
            let gone =
                ["handled", "filtered", "dead_lettered", "expired_dropped", "dropped", "purged"];
            let live = ["lag", "in_flight", "parked"];
            let came = sum(&["offered", "redriven"]);
            assert_eq!(came, sum(&gone) + sum(&live), "messages are lost: {figures:#}");
        }
    }

    /// What stands at `path` once it is as wanted. Asked for until then, since the host has no bell
    /// for it, and the more seldom the longer it takes: who asks takes the cores from what he waits for.
    #[track_caller]
    pub fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (status, found) = self.get(path);
            assert_eq!(status, 200, "{found}");
            if wanted(&found) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "not as wanted in time: {found}");
            std::thread::park_timeout((begun.elapsed() / 16).clamp(PAUSE_MIN, PAUSE_MAX));
        }
    }
}

/// An answer with what tells the one who publishes when to come again.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// Seconds, of `Retry-After`.
    pub retry_after: Option<u64>,
    /// The document.
    pub body: Value,
}

/// A figure by its name; it must be there.
#[track_caller]
#[must_use]
pub fn figure(figures: &Value, name: &str) -> u64 {
    figures[name].as_u64().unwrap_or_else(|| panic!("there is no figure `{name}`: {figures:#}"))
}

#[track_caller]
fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().expect("the answer comes whole");
    (status, document(text))
}

fn document(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
