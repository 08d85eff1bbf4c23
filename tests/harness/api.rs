//! The HTTP API of a running host.

use std::time::Instant;

use reqwest::blocking::{Client, Response};
use serde_json::Value;

use crate::lines::PATIENCE;

/// A client of one host.
pub struct Api {
    client: Client,
    url: String,
}

impl Api {
    pub(crate) fn at(url: &str) -> Self {
        let client =
            Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client can be built");
        Self { client, url: url.to_owned() }
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

    /// What stands at `path` once it is as wanted. Asked for until then, one answer after another:
    /// the host has no bell for it.
    #[track_caller]
    pub fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let (status, found) = self.get(path);
            assert_eq!(status, 200, "{found}");
            if wanted(&found) {
                return found;
            }
            assert!(Instant::now() < end, "not as wanted in time: {found}");
        }
    }
}

#[track_caller]
fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().expect("the answer comes whole");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
