//! MS0305: topics that wait for each other's room wait for ever once they are full.
//!
//! A subscription takes nothing while a topic it may write to is full, so each one is an edge from
//! its topic to its output, its routes and its dead-letter topic. A cycle of edges is refused,
//! unless a topic on it gives way when full. The one exception is how timers work: the only
//! subscription of a topic may put messages back into that topic.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use super::Context;
use crate::code::Code;
use crate::declaration::{Kind, Subscription, WhenFull};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let graph = Graph::of(context);
    let mut reported: HashSet<usize> = HashSet::new();
    for (_, name, _) in context.topics() {
        let Some(start) = context.topic_index(name) else { continue };
        if reported.contains(&start) || report.is_full() {
            continue;
        }
        if let Some(cycle) = graph.shortest_cycle(start) {
            reported.extend(cycle.iter().map(|edge| edge.from));
            add(context, report, &cycle);
        }
    }
}

fn add(context: &Context<'_>, report: &mut Report, cycle: &[&Edge]) {
    let names = context.declaration.topics.names();
    let name = |topic: usize| names.get(topic).copied().unwrap_or_default();
    let Some((first, last)) = cycle.first().zip(cycle.last()) else { return };
    let way: Vec<&str> =
        cycle.iter().map(|edge| name(edge.from)).chain([name(first.from)]).collect();
    let (message, help) = if let ([only], true) = (cycle, last.pass_through) {
        (
            format!("`{}` hands every message back to itself, for ever", name(only.from)),
            "name another `output`",
        )
    } else {
        (
            format!("full topics would wait for each other for ever: {}", way.join(" → ")),
            "send one of these outputs to a topic outside the cycle, or let one of the topics give way: `when_full: reject` or `drop_oldest`",
        )
    };
    report.add(Code::BlockingCycle, last.route.clone(), message, help);
}

/// For each topic, where messages go from there.
struct Graph {
    edges: HashMap<usize, Vec<Edge>>,
}

struct Edge {
    from: usize,
    to: usize,
    route: Route,
    pass_through: bool,
}

impl Graph {
    fn of(context: &Context<'_>) -> Self {
        let mut readers: HashMap<usize, usize> = HashMap::new();
        for (_, _, subscription) in context.subscriptions() {
            if let Some(from) =
                subscription.topic.as_deref().and_then(|name| context.topic_index(name))
            {
                *readers.entry(from).or_default() += 1;
            }
        }
        let mut edges: HashMap<usize, Vec<Edge>> = HashMap::new();
        for (route, _, subscription) in context.subscriptions() {
            for edge in edges_of(context, &route, subscription) {
                let alone = readers.get(&edge.from) == Some(&1);
                let to_itself = edge.from == edge.to;
                let timer = to_itself && alone && !edge.pass_through;
                // Without end even where nothing blocks.
                let endless = to_itself && edge.pass_through;
                if endless || (!timer && blocks(context, edge.to)) {
                    edges.entry(edge.from).or_default().push(edge);
                }
            }
        }
        Self { edges }
    }

    /// Breadth first, so the way that is shown is the shortest.
    fn shortest_cycle(&self, start: usize) -> Option<Vec<&Edge>> {
        let mut came_by: HashMap<usize, &Edge> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(topic) = queue.pop_front() {
            for edge in self.edges.get(&topic).into_iter().flatten() {
                if edge.to == start {
                    return Some(way_back(&came_by, edge));
                }
                if let Entry::Vacant(unseen) = came_by.entry(edge.to) {
                    unseen.insert(edge);
                    queue.push_back(edge.to);
                }
            }
        }
        None
    }
}

fn way_back<'a>(came_by: &HashMap<usize, &'a Edge>, last: &'a Edge) -> Vec<&'a Edge> {
    let mut way = vec![last];
    let mut topic = last.from;
    while let Some(edge) = came_by.get(&topic) {
        way.push(edge);
        topic = edge.from;
    }
    way.reverse();
    way
}

fn edges_of(context: &Context<'_>, route: &Route, subscription: &Subscription) -> Vec<Edge> {
    let Some(from) = subscription.topic.as_deref().and_then(|name| context.topic_index(name))
    else {
        return Vec::new();
    };
    let pass_through = subscription.sink.as_ref().is_some_and(|sink| sink.pass_through.is_some());
    // The outputs of a sink that puts nothing out have a finding of their own.
    let puts_out = pass_through || subscription.sink.is_none();
    let routes = subscription.routes.iter().flatten().enumerate();
    let routes = routes.map(|(index, name)| (name, route.key("routes").index(index)));
    let output = subscription.output.iter().map(|name| (name, route.key("output")));
    // A topic of another kind, or the topic itself, has a finding of its own.
    let proper = |name: &&String| {
        context.kind(name) == Some(Kind::DeadLetter) && subscription.topic.as_ref() != Some(*name)
    };
    let dead_letter =
        subscription.dead_letter.iter().filter(proper).map(|name| (name, route.key("dead_letter")));
    let targets = output.chain(routes).filter(|_| puts_out).chain(dead_letter);
    targets
        .filter_map(|(name, route)| {
            context.topic_index(name).map(|to| Edge { from, to, route, pass_through })
        })
        .collect()
}

fn blocks(context: &Context<'_>, topic: usize) -> bool {
    let topic = context.declaration.topics.get(topic);
    topic.is_some_and(|topic| matches!(topic.when_full, None | Some(WhenFull::Block)))
}
