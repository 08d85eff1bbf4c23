//! The running pipeline file: shown, and changed.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::response::Response;
use millstream_pipeline::Finding;
use millstream_queue::{Kind, Named, Rename};
use millstream_runner::{Applied, ApplyError, Changes};

use crate::app::Host;
use crate::extract::Query;
use crate::problem::Problem;
use crate::{answer, body, swap};

/// Who checks the text of a pipeline and lets it take the place of the one that runs.
#[async_trait]
pub trait Pipelines: Send + Sync {
    /// Does what is wished.
    async fn apply(&self, wish: Wish) -> Result<Applied, Refused>;
}

/// A pipeline that is to run in the place of another.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The text of its file.
    pub text: String,
    /// The folder that its relative paths start at; none: that of the file that runs.
    pub base: Option<PathBuf>,
    /// How findings call it; none: as the file that runs.
    pub name: Option<String>,
    /// What may go although messages wait in it, and what has another name.
    pub changes: Changes,
    /// Only tell what would change.
    pub dry_run: bool,
}

/// Why a pipeline was not applied. Nothing changed.
#[derive(Debug)]
pub enum Refused {
    /// It is wrong, or messages are in its way.
    Findings {
        /// As `check` gives them.
        findings: Vec<Finding>,
        /// Whether the file is right, and a plugin that it names cannot be used.
        unusable: bool,
    },
    /// What is asked for besides cannot be meant.
    Wrong(String),
    /// Something else.
    Apply(ApplyError),
}

/// The text as it was given to the host.
pub(crate) async fn show(State(host): State<Arc<Host>>) -> Result<Response, Problem> {
    let wiring = host.wiring();
    if wiring.text().is_empty() {
        return Err(Problem::unknown("pipeline", "the host was started without a pipeline text"));
    }
    Ok(answer::text("application/yaml", wiring.text().to_owned()))
}

/// Runs the pipeline in the body in the place of the one that runs.
pub(crate) async fn apply(
    State(host): State<Arc<Host>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let applied = async {
        let nobody = || Problem::conflict("not-applied", "this host's pipeline cannot change");
        let who = host.app.pipelines.as_ref().ok_or_else(nobody)?;
        let mut wish = wish(Query::of(&parts.uri)?.0)?;
        let received = body::receive(&parts.headers, &mut body, &host.request_bytes).await?;
        wish.text = String::from_utf8(received.bytes.to_vec())
            .map_err(|_| Problem::malformed("the body is not UTF-8 text"))?;
        who.apply(wish).await.map_err(refused)
    };
    match applied.await {
        // A struct of texts and numbers always has a JSON form.
        Ok(applied) => Ok(answer::document(&serde_json::to_value(applied).unwrap_or_default())),
        Err(problem) => {
            body::discard(&parts.headers, &mut body).await;
            Err(problem)
        }
    }
}

fn wish(parameters: Vec<(String, String)>) -> Result<Wish, Problem> {
    let mut wish = Wish::default();
    for (name, value) in parameters {
        let wrong = |form: &str| Problem::malformed(format!("`{name}`: expected {form}"));
        match name.as_str() {
            "dry_run" => wish.dry_run = value.parse().map_err(|_| wrong("true or false"))?,
            "base" => wish.base = Some(PathBuf::from(value)),
            "name" => wish.name = Some(value),
            "drop" => {
                let (kind, name) = kind_of(&value).ok_or_else(|| wrong("KIND:NAME"))?;
                wish.changes.drops.push(Named { kind, name: name.to_owned() });
            }
            "rename" => {
                let given = kind_of(&value).and_then(|(kind, names)| {
                    let (from, to) = names.split_once('=')?;
                    Some(Rename { kind, from: from.to_owned(), to: to.to_owned() })
                });
                wish.changes.renames.push(given.ok_or_else(|| wrong("KIND:OLD=NEW"))?);
            }
            _ => {
                let known = "dry_run, drop, rename, base and name";
                return Err(Problem::malformed(format!("`{name}`: there are {known}")));
            }
        }
    }
    Ok(wish)
}

fn kind_of(value: &str) -> Option<(Kind, &str)> {
    let (kind, name) = value.split_once(':')?;
    let kind = match kind {
        "topic" => Kind::Topic,
        "subscription" => Kind::Subscription,
        _ => return None,
    };
    Some((kind, name)).filter(|(_, name)| !name.is_empty())
}

fn refused(refused: Refused) -> Problem {
    let error = match refused {
        Refused::Findings { findings, unusable } => {
            let kind = if unusable { "pipeline-unusable" } else { "pipeline-findings" };
            let detail = "the findings say why; nothing has changed";
            // Structs of texts and numbers always have a JSON form.
            let findings = serde_json::to_value(findings).unwrap_or_default();
            return Problem::refused(kind, detail).with("findings", findings);
        }
        Refused::Wrong(what) => return Problem::malformed(what),
        Refused::Apply(error) => error,
    };
    let detail = error.to_string();
    match error {
        ApplyError::Swapping(plugin, error) => swap::refused(&plugin, &error),
        ApplyError::Unheld(_) => Problem::malformed(detail),
        ApplyError::OnTrial(_) => Problem::conflict("swap-under-way", detail),
        ApplyError::Applying => Problem::conflict("apply-under-way", detail),
        ApplyError::Stopping => Problem::busy("stopping", detail),
        ApplyError::Ended(_) => Problem::busy("journal-ended", detail),
        ApplyError::Panicked => Problem::internal(detail),
        ApplyError::NeedsRestart(_) | ApplyError::TooMany | ApplyError::Leftover(_) => {
            Problem::conflict("not-applied", detail)
        }
        ApplyError::Open(_) | ApplyError::Start { .. } => {
            Problem::refused("pipeline-unusable", detail)
        }
    }
}
