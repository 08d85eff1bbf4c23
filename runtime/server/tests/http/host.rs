//! A host to talk to: three topics, three subscriptions, one http source, nobody who consumes.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{
    Batch, Failure, FailureKind, Settlement, SubscriptionId, TopicId, Verdict, Verdicts,
};
use millstream_pipeline::{
    BatchPlan, ComponentSource, Consumer, Limits, Plan, PluginPlan, RetryPlan, SinkConnector,
    SourceConnector, SourcePlan, SubscriptionPlan, TopicKind, TopicPlan,
};
use millstream_queue::{
    Backoff, Broker, Delivery, Exhausted, Handler, LeaseRequest, MemoryBroker, SubscriptionRules,
    SystemClock, TopicFigures, TopicRules,
};
use millstream_server::{App, PluginInfo, serve};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const ORDERS: TopicId = TopicId(0);
pub(crate) const SMALL: TopicId = TopicId(1);
/// The topic that holds two messages at most.
pub(crate) const SMALL_MAX: u64 = 2;
pub(crate) const BILL: SubscriptionId = SubscriptionId(0);
pub(crate) const AUDIT: SubscriptionId = SubscriptionId(1);
const SHIP: SubscriptionId = SubscriptionId(2);
pub(crate) const PIPELINE: &str = "pipeline: shop\n";

pub(crate) struct Host {
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) broker: Arc<MemoryBroker>,
    pub(crate) stop: CancellationToken,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
}

impl Host {
    /// A host whose full topics refuse almost at once.
    pub(crate) async fn start() -> Self {
        Self::start_patient(Duration::from_millis(20)).await
    }

    /// A host whose full topics let publishers wait for `publish_timeout`.
    pub(crate) async fn start_patient(publish_timeout: Duration) -> Self {
        let plan = plan(publish_timeout);
        let broker = Arc::new(broker(&plan));
        let stop = CancellationToken::new();
        let keeper = Arc::clone(&broker);
        tokio::spawn(async move { keeper.keep_time(CancellationToken::new()).await });
        let app = App {
            plan: Arc::new(plan),
            broker: Arc::clone(&broker) as Arc<dyn Broker>,
            random: || 7,
            plugins: vec![PluginInfo {
                name: "billing".into(),
                world: "batch-consumer".into(),
                digest: "ab".repeat(32),
            }],
            pipeline_text: PIPELINE.into(),
            version: "1.2.3",
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(serve(listener, app, stop.clone()));
        Self { url, client: Client::new(), broker, stop, served }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// A connection for requests that no client would send.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// A publish to `orders`.
    pub(crate) fn orders(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.post("/v1/topics/orders/messages").body(body)
    }

    /// A publish of lines of JSON to `orders`.
    pub(crate) fn ndjson(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.orders(body).header("content-type", "application/x-ndjson")
    }

    /// What `topic` holds, as one batch.
    pub(crate) fn kept(&self, topic: TopicId) -> Batch {
        let page = self.broker.browse(topic, 0, 1_000);
        let parts: Vec<Batch> = page.parts.into_iter().map(|part| part.batch).collect();
        Batch::gather(&parts).unwrap()
    }

    pub(crate) fn broker_figures(&self, topic: TopicId) -> TopicFigures {
        self.broker.figures().topics[topic.0 as usize]
    }

    /// Lets `subscription` reject everything that waits for it.
    pub(crate) async fn reject_all(&self, subscription: SubscriptionId, why: &str) {
        let delivery = self.lease(subscription).await;
        let failure = Failure::new(FailureKind::Reject, why);
        let verdicts = Verdicts::Each(vec![Verdict::Rejected(failure); delivery.batch.len()]);
        let settlement = Settlement { verdicts, outputs: Vec::new() };
        self.broker.settle(delivery, settlement).await.unwrap();
    }

    /// Handles everything that waits in the small topic, which makes room there.
    pub(crate) async fn handle_all(&self) {
        let delivery = self.lease(SHIP).await;
        self.broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    }

    async fn lease(&self, subscription: SubscriptionId) -> Delivery {
        let handler = Arc::new(Handler { name: "billing".into(), digest: "ab".repeat(32) });
        let (generation, keys, messages_max) = (0, None, 1_000);
        let request = LeaseRequest { subscription, generation, keys, messages_max, handler };
        self.broker.lease(request).await.unwrap()
    }
}

/// The JSON of a 200.
pub(crate) async fn ok(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

/// The JSON of a 202.
pub(crate) async fn accepted(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, StatusCode::ACCEPTED, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The problem that answers `request`: its status must be `status`, its type `kind`, and it must
/// be whole.
pub(crate) async fn refused(request: RequestBuilder, status: u16, kind: &str) -> Value {
    let response = request.send().await.unwrap();
    let (found, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(headers.contains_key("retry-after"), status == 503);
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["type"], format!("urn:millstream:problem:{kind}"));
    assert_eq!(problem["status"], status);
    assert!(problem["title"].is_string() && problem["detail"].is_string(), "{text}");
    problem
}

fn plan(publish_timeout: Duration) -> Plan {
    let topic = |name: &str, kind, max_messages| TopicPlan {
        name: name.into(),
        kind,
        max_messages,
        max_bytes: 1 << 30,
        max_message: 1 << 20,
        publish_timeout,
    };
    Plan {
        name: "shop".into(),
        topics: vec![
            topic("orders", TopicKind::Event, 10_000),
            topic("small", TopicKind::Command, SMALL_MAX),
            topic("dead", TopicKind::DeadLetter, 10_000),
        ],
        plugins: vec![PluginPlan {
            name: "billing".into(),
            source: ComponentSource::File("billing.wasm".into()),
            config: Value::Object(serde_json::Map::new()),
            limits: Limits {
                timeout: Duration::from_secs(1),
                batch_timeout: Duration::from_secs(5),
                memory: 1 << 27,
                output: 1 << 22,
                batch_output: 1 << 24,
            },
        }],
        sources: vec![SourcePlan {
            name: "web".into(),
            topic: 0,
            connector: SourceConnector::Http { path: "/hooks/{any}".into() },
            key_from: Some("/customer".into()),
        }],
        subscriptions: vec![
            subscription("bill", 0, Consumer::Plugin(0), Some(2)),
            subscription("audit", 0, Consumer::Sink(SinkConnector::Stdout), Some(2)),
            subscription("ship", 1, Consumer::Sink(SinkConnector::Stdout), None),
        ],
    }
}

fn subscription(
    name: &str,
    topic: usize,
    consumer: Consumer,
    dead_letter: Option<usize>,
) -> SubscriptionPlan {
    SubscriptionPlan {
        name: name.into(),
        topic,
        consumer,
        output: None,
        routes: Vec::new(),
        concurrency: 1,
        batch: BatchPlan { max_messages: 256, max_bytes: 4 << 20, max_wait: Duration::ZERO },
        ack_deadline: Duration::from_secs(30),
        retry: RetryPlan {
            max_attempts: 5,
            initial: Duration::from_millis(100),
            factor: 2.0,
            max: Duration::from_secs(30),
            jitter: 0.2,
        },
        dead_letter,
        max_parked: 1_000,
    }
}

fn broker(plan: &Plan) -> MemoryBroker {
    let topics = plan.topics.iter().map(topic_rules).collect();
    let rules = |one| subscription_rules(one, plan);
    let subscriptions = plan.subscriptions.iter().map(rules).collect();
    MemoryBroker::new(topics, subscriptions, Arc::new(SystemClock::start()), || 7)
}

fn topic_rules(plan: &TopicPlan) -> TopicRules {
    TopicRules {
        name: plan.name.clone(),
        kind: match plan.kind {
            TopicKind::Event => millstream_queue::TopicKind::Event,
            TopicKind::Command => millstream_queue::TopicKind::Command,
            TopicKind::DeadLetter => millstream_queue::TopicKind::DeadLetter,
        },
        max_messages: plan.max_messages,
        max_bytes: plan.max_bytes,
        publish_timeout: plan.publish_timeout,
    }
}

fn subscription_rules(one: &SubscriptionPlan, plan: &Plan) -> SubscriptionRules {
    let dead_letter = one.dead_letter.map(|place| TopicId(place as u32));
    SubscriptionRules {
        name: one.name.clone(),
        topic: TopicId(one.topic as u32),
        topic_name: plan.topics[one.topic].name.clone(),
        outputs: Vec::new(),
        max_attempts: one.retry.max_attempts,
        backoff: Backoff {
            initial: one.retry.initial,
            factor: one.retry.factor,
            max: one.retry.max,
            jitter: one.retry.jitter,
        },
        exhausted: dead_letter.map_or(Exhausted::Drop, Exhausted::DeadLetter),
        ack_deadline: one.ack_deadline,
        max_parked: one.max_parked,
        batch_messages: one.batch.max_messages,
        batch_bytes: one.batch.max_bytes,
        batch_wait: one.batch.max_wait,
    }
}
