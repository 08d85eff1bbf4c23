//! A host to talk to: some topics, subscriptions and an http source, and nobody who consumes.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{
    Batch, Failure, FailureKind, Settlement, SubscriptionId, TopicId, Verdict, Verdicts,
};
use millstream_pipeline::{
    BatchPlan, BrokerPlan, CompileLimits, ComponentSource, Consumer, DedupPlan, Grants, Limits,
    OnDeadLetter, OnExpired, Ordering, Plan, PluginPlan, RateLimit, RetryPlan, SinkConnector,
    SourceConnector, SourcePlan, StartFrom, SubscriptionPlan, TopicKind, TopicPlan, WhenFull,
};
use millstream_queue::{
    Broker, DedupRules, Delivery, EmbeddedBroker, Exhausted, Handler, LeaseRequest,
    SubscriptionFigures, SubscriptionRules, SystemClock, TopicFigures, TopicRules,
};
use millstream_runner::{DeadLetters, Monitor, Swaps, Wiring, Wirings};
use millstream_server::{App, serve};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const ORDERS: TopicId = TopicId(0);
pub(crate) const SMALL: TopicId = TopicId(1);
/// The topic that holds two messages at most.
pub(crate) const SMALL_MAX: u64 = 2;
/// The topic that keeps what was handled, and remembers two dedup ids.
pub(crate) const KEPT: TopicId = TopicId(4);
pub(crate) const BILL: SubscriptionId = SubscriptionId(0);
pub(crate) const AUDIT: SubscriptionId = SubscriptionId(1);
const SHIP: SubscriptionId = SubscriptionId(2);
/// A dead letter of it stops its key.
pub(crate) const LEDGER: SubscriptionId = SubscriptionId(3);
pub(crate) const PIPELINE: &str = "pipeline: shop\n";

pub(crate) struct Host {
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) broker: Arc<EmbeddedBroker>,
    pub(crate) dead_letters: DeadLetters,
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
        let plan = Arc::new(plan(publish_timeout));
        let broker = Arc::new(broker(&plan));
        let shared = Arc::clone(&broker) as Arc<dyn Broker>;
        let stop = CancellationToken::new();
        let keeper = Arc::clone(&broker);
        tokio::spawn(async move { keeper.keep_time(CancellationToken::new()).await });
        let wirings = Wirings::fixed(Wiring::new(plan, PIPELINE.into()));
        let dead_letters = DeadLetters::new(Arc::clone(&shared), wirings.clone());
        let app = App {
            dead_letters: dead_letters.clone(),
            monitor: Monitor::default(),
            wirings,
            broker: shared,
            random: || 7,
            swaps: Swaps::default(),
            pipelines: None,
            version: "1.2.3",
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(serve(listener, app, stop.clone()));
        // Nothing is encrypted here; the client asks by which cryptography all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().tls_certs_only([]).build().unwrap();
        Self { url, client, broker, dead_letters, stop, served }
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

    pub(crate) fn subscription_figures(&self, one: SubscriptionId) -> SubscriptionFigures {
        self.broker.figures().subscriptions[one.0 as usize]
    }

    /// A publish of one message to `kept`.
    pub(crate) fn keep(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.post("/v1/topics/kept/messages").body(body)
    }

    /// What the broker's wall clock says: milliseconds since the Unix epoch.
    pub(crate) fn broker_now(&self) -> u64 {
        self.broker.now().wall_ms
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
        self.handle(SHIP).await;
    }

    /// Handles everything that waits for `subscription` now, at least one message.
    pub(crate) async fn handle(&self, subscription: SubscriptionId) {
        let delivery = self.lease(subscription).await;
        self.broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    }

    pub(crate) async fn lease(&self, subscription: SubscriptionId) -> Delivery {
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
    assert_eq!(headers.contains_key("retry-after"), [429, 503].contains(&status));
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
        when_full: WhenFull::Block,
        retain: Duration::ZERO,
        dedup: None,
        delay: Duration::ZERO,
        expires_in: None,
    };
    let dedup = Some(DedupPlan { window: Duration::from_secs(600), max_ids: 2 });
    Plan {
        name: "shop".into(),
        broker: BrokerPlan::Memory,
        topics: vec![
            topic("orders", TopicKind::Event, 10_000),
            topic("small", TopicKind::Command, SMALL_MAX),
            topic("dead", TopicKind::DeadLetter, 10_000),
            TopicPlan { when_full: WhenFull::Reject, ..topic("brisk", TopicKind::Command, 1) },
            TopicPlan {
                retain: Duration::from_secs(3_600),
                dedup,
                ..topic("kept", TopicKind::Event, 10_000)
            },
        ],
        plugins: vec![PluginPlan {
            name: "billing".into(),
            source: ComponentSource::File("billing.wasm".into()),
            config: json!({ "limit": 5 }),
            limits: Limits {
                timeout: Duration::from_secs(1),
                batch_timeout: Duration::from_secs(5),
                memory: 1 << 27,
                output: 1 << 22,
                batch_output: 1 << 24,
                tables: 40_000,
                instances: None,
                output_messages: 10_000,
                batch_output_messages: 100_000,
                log_rate: RateLimit { messages: 1_000, per: Duration::from_secs(1) },
                log_bytes: 1 << 20,
                host_data: 1 << 24,
                compile: CompileLimits {
                    timeout: Duration::from_secs(60),
                    memory: 1 << 30,
                    size: 1 << 26,
                },
            },
            grants: Grants::default(),
        }],
        sources: vec![
            source("web", 0, "/hooks/{any}", None),
            source("till", 4, "/till", Some("/id".into())),
        ],
        subscriptions: vec![
            subscription("bill", 0, Consumer::Plugin(0), Some(2)),
            subscription("audit", 0, Consumer::Sink(SinkConnector::Stdout), Some(2)),
            subscription("ship", 1, Consumer::Sink(SinkConnector::Stdout), None),
            SubscriptionPlan {
                ordering: Ordering::Key,
                on_dead_letter: OnDeadLetter::ParkKey,
                ..subscription("ledger", 4, Consumer::Plugin(0), Some(2))
            },
        ],
    }
}

fn source(name: &str, topic: usize, path: &str, dedup_from: Option<String>) -> SourcePlan {
    SourcePlan {
        name: name.into(),
        topic,
        connector: SourceConnector::Http { path: path.into() },
        key_from: Some("/customer".into()),
        dedup_from,
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
        ordering: Ordering::None,
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
        on_dead_letter: OnDeadLetter::Continue,
        on_expired: OnExpired::DeadLetter,
        max_parked: 1_000,
        from: StartFrom::New,
        rate_limit: None,
        filter: None,
    }
}

fn broker(plan: &Plan) -> EmbeddedBroker {
    let topics = plan.topics.iter().map(topic_rules).collect();
    let rules = |one| subscription_rules(one, plan);
    let subscriptions = plan.subscriptions.iter().map(rules).collect();
    EmbeddedBroker::memory(topics, subscriptions, Arc::new(SystemClock::start()), || 7)
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
        when_full: match plan.when_full {
            WhenFull::Block => millstream_queue::WhenFull::Block,
            WhenFull::Reject => millstream_queue::WhenFull::Reject,
            WhenFull::DropOldest => millstream_queue::WhenFull::DropOldest,
        },
        retain: plan.retain,
        dedup: plan
            .dedup
            .as_ref()
            .map(|dedup| DedupRules { window: dedup.window, ids_max: dedup.max_ids }),
        delay: plan.delay,
        expires_in: plan.expires_in,
    }
}

/// The defaults of a subscription, as far as the pipeline does not say otherwise.
fn subscription_rules(one: &SubscriptionPlan, plan: &Plan) -> SubscriptionRules {
    let dead_letter = one.dead_letter.map(|place| TopicId(place as u32));
    let topic = TopicId(one.topic as u32);
    SubscriptionRules {
        exhausted: dead_letter.map_or(Exhausted::Drop, Exhausted::DeadLetter),
        ordering: match one.ordering {
            Ordering::None => millstream_queue::Ordering::None,
            Ordering::Key => millstream_queue::Ordering::Key,
            Ordering::Strict => millstream_queue::Ordering::Strict,
        },
        on_dead_letter: match one.on_dead_letter {
            OnDeadLetter::Continue => millstream_queue::OnDeadLetter::Continue,
            OnDeadLetter::ParkKey => millstream_queue::OnDeadLetter::ParkKey,
        },
        ..SubscriptionRules::new(&one.name, topic, &plan.topics[one.topic].name)
    }
}
