use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use tokio::sync::Semaphore;

use super::body::{Received, receive};
use super::delay;
use crate::problem::Problem;

const KIB: usize = 1 << 10;

async fn received(bytes: usize, in_hand: &Arc<Semaphore>) -> Result<Received, Problem> {
    let mut body = Body::from(vec![0; bytes]).into_data_stream();
    receive(&HeaderMap::new(), &mut body, in_hand).await
}

#[tokio::test]
async fn requests_take_their_share_and_give_it_back() {
    let in_hand = Arc::new(Semaphore::new(200 * KIB));
    let first = received(100 * KIB, &in_hand).await.unwrap_or_else(|_| panic!("there is room"));
    assert_eq!(first.bytes.len(), 100 * KIB);
    let refused = received(100 * KIB, &in_hand).await.err().map(IntoResponse::into_response);
    assert_eq!(refused.map(|one| one.status()), Some(StatusCode::SERVICE_UNAVAILABLE));
    drop(first);
    assert_eq!(in_hand.available_permits(), 200 * KIB);
    assert!(received(100 * KIB, &in_hand).await.is_ok());
}

#[test]
fn delays_are_written_as_durations_are() {
    for (text, expected) in
        [("0", 0), ("250ms", 250), ("30s", 30_000), (" 2m ", 120_000), ("24h", 86_400_000)]
    {
        assert_eq!(delay::parse(text).ok(), Some(expected), "{text}");
    }
    for text in ["", "5", "s", "-1s", "1.5s", "1d", "5 s", "1200h", "99999999999999999999h"] {
        assert!(delay::parse(text).is_err(), "{text}");
    }
}
