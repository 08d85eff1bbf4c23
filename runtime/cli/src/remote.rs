//! The running host that commands talk to.

use std::time::Duration;

use anyhow::{Context, anyhow};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::arguments::Global;
use crate::failure::Failure;

/// How long a host may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long a host may take to answer: longer than any publish waits for room by default.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A host at a URL.
pub(crate) struct Remote {
    client: Client,
    url: Url,
    token: Option<String>,
}

impl Remote {
    /// The host that the command line names. Nothing is sent yet.
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        let url = Url::parse(&global.url).ok().filter(|url| url.scheme() == "http" && url.has_host()).ok_or_else(|| {
            Failure::wrong(format!("--url {:?} is not the address of a host: expected a form such as http://127.0.0.1:7070", global.url))
        })?;
        Ok(Self { client: client(Some(ANSWER_MAX))?, url, token: global.token.clone() })
    }

    /// Asks for the document at `path`, one segment after another.
    pub(crate) fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value, Failure> {
        self.send(self.client.get(self.asking(path, query)?))
    }

    /// Posts a document to `path` and takes the one that answers it.
    pub(crate) fn tell(&self, path: &[&str], document: &Value) -> Result<Value, Failure> {
        self.send(self.post(path)?.json(document))
    }

    /// Deletes what is at `path` and takes the document that answers it.
    pub(crate) fn delete(&self, path: &[&str]) -> Result<Value, Failure> {
        self.send(self.client.delete(self.at(path)?))
    }

    /// Asks for what is at `path` and does not end by itself.
    pub(crate) fn stream(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Response, Failure> {
        let response = self.answered(client(None)?.get(self.asking(path, query)?))?;
        if response.status().is_success() {
            return Ok(response);
        }
        match self.read(response) {
            Ok(_) => Err(Failure::Failed(anyhow!("the host at {} gave no stream", self.url))),
            Err(failure) => Err(failure),
        }
    }

    /// A request that posts to `path`; [`Self::send`] sends it.
    pub(crate) fn post(&self, path: &[&str]) -> Result<RequestBuilder, Failure> {
        Ok(self.client.post(self.at(path)?))
    }

    /// A request that puts something at `path`; [`Self::ask`] sends it.
    pub(crate) fn put(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, Failure> {
        Ok(self.client.put(self.asking(path, query)?))
    }

    /// As [`Self::post`], with parameters.
    pub(crate) fn post_with(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, Failure> {
        Ok(self.client.post(self.asking(path, query)?))
    }

    /// Sends a request and takes the document that answers it.
    pub(crate) fn send(&self, request: RequestBuilder) -> Result<Value, Failure> {
        self.read(self.answered(request)?)
    }

    /// Sends a request and takes the document that answers it, a refusal too.
    pub(crate) fn ask(&self, request: RequestBuilder) -> Result<(StatusCode, Value), Failure> {
        self.document(self.answered(request)?)
    }

    fn answered(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().map_err(|error| self.not_sent(error))
    }

    fn asking(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url, Failure> {
        let mut url = self.at(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn at(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = self.url.clone();
        let cannot = || Failure::wrong(format!("--url {} cannot have paths", self.url));
        url.path_segments_mut().map_err(|()| cannot())?.pop_if_empty().extend(path);
        Ok(url)
    }

    fn not_sent(&self, error: reqwest::Error) -> Failure {
        let unreachable = error.is_connect() || error.is_timeout();
        let error = anyhow::Error::new(error.without_url());
        let text = format!(
            "no answer from a host at {}; start one with `millstream run FILE`, or say with --url where it is",
            self.url
        );
        if unreachable {
            Failure::Unreachable(error.context(text))
        } else {
            Failure::Failed(error.context(text))
        }
    }

    fn read(&self, response: Response) -> Result<Value, Failure> {
        match self.document(response)? {
            (status, document) if status.is_success() => Ok(document),
            (status, problem) => Err(Failure::Failed(refusal(status, &problem))),
        }
    }

    fn document(&self, response: Response) -> Result<(StatusCode, Value), Failure> {
        let status = response.status();
        let body: Result<Value, _> = response.json();
        body.map(|document| (status, document)).map_err(|_| {
            let url = &self.url;
            let what = format!("what answers at {url} is no Millstream host ({status}, no JSON)");
            Failure::Failed(anyhow!(what))
        })
    }
}

/// A client whose answers may take `answer_max`, or for ever.
fn client(answer_max: Option<Duration>) -> Result<Client, Failure> {
    // Hosts are asked in the clear. `reqwest` wants to know by which cryptography and whom to trust all
    // the same, and would read the system's roots.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().connect_timeout(CONNECT_MAX).timeout(answer_max);
    let client = client.no_proxy().tls_certs_only([]);
    Ok(client.build().context("could not set up the HTTP client")?)
}

/// What an RFC 9457 problem says.
pub(crate) fn refusal(status: StatusCode, problem: &Value) -> anyhow::Error {
    let text = |name| problem[name].as_str();
    let title = text("title").map_or_else(|| status.to_string(), str::to_owned);
    match text("detail") {
        Some(detail) => anyhow!("{title}: {detail}"),
        None => anyhow!(title),
    }
}
