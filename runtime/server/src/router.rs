//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::trace::TraceLayer;

use crate::app::Host;
use crate::problem::Problem;
use crate::{
    dead_letters, delivery, health, origin, pipeline, plugins, publish, subscriptions, swap, tap,
    topics, unavailable,
};

/// The whole API of `host`.
pub(crate) fn router(host: Arc<Host>) -> Router {
    let built = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/v1/topics", get(topics::list))
        .route("/v1/topics/{topic}", get(topics::show))
        .route("/v1/topics/{topic}/messages", post(publish::to_topic))
        .route("/v1/topics/{topic}/purge", post(topics::purge))
        .route("/v1/topics/{topic}/tap", get(tap::tap))
        .route("/v1/subscriptions", get(subscriptions::list))
        .route("/v1/subscriptions/{sub}", get(subscriptions::show))
        .route("/v1/subscriptions/{sub}/pause", post(delivery::pause))
        .route("/v1/subscriptions/{sub}/resume", post(delivery::resume))
        .route("/v1/subscriptions/{sub}/seek", post(delivery::seek))
        .route("/v1/subscriptions/{sub}/dead-letters", get(dead_letters::list))
        .route("/v1/subscriptions/{sub}/dead-letters/{id}", get(dead_letters::show))
        .route(
            "/v1/subscriptions/{sub}/redrive",
            get(dead_letters::status).post(dead_letters::redrive).delete(dead_letters::stop),
        )
        .route("/v1/subscriptions/{sub}/purge", post(dead_letters::purge))
        .route("/v1/plugins", get(plugins::list))
        .route("/v1/plugins/{plugin}", get(plugins::show))
        .route("/v1/plugins/{plugin}/swap", get(swap::status).post(swap::begin))
        .route("/v1/plugins/{plugin}/rollback", post(swap::roll_back))
        .route("/v1/pipeline", get(pipeline::show).put(pipeline::apply));
    unavailable::mount(built)
        .fallback(source_or_nothing)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(origin::guard))
        .layer(from_fn_with_state(Arc::clone(&host), keep_in_hand))
        // A 501 or 503 is an answer, not a failure: logged as any other.
        .layer(TraceLayer::new_for_http().on_failure(()))
        .with_state(host)
}

/// The paths of the http sources are the pipeline's to choose, so they are looked up as they are:
/// as routes, a `{` in one of them would mean something.
async fn source_or_nothing(State(host): State<Arc<Host>>, request: Request) -> Response {
    let wiring = host.wiring();
    let plan = wiring.plan();
    match publish::source_at(plan, request.uri().path()) {
        Some(source) if request.method() == Method::POST => {
            publish::through_source(&host, plan, source, request).await
        }
        Some(_) => method_not_allowed(request.method().clone(), request.uri().clone())
            .await
            .into_response(),
        None => Problem::unknown("path", format!("there is nothing at `{}`", request.uri().path()))
            .into_response(),
    }
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::method_not_allowed(format!("`{}` does not answer {method}", uri.path()))
}

/// Lets a shutdown wait for this request.
async fn keep_in_hand(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let _in_hand = host.in_hand.token();
    next.run(request).await
}
