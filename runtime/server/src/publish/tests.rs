use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use tokio::sync::Semaphore;

use crate::body::{Received, receive};
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
