//! Workers: they ask, answer in all ways there are, come too late, or never.

use std::rc::Rc;
use std::sync::Arc;

use millstream_message::{
    Batch, Failure, FailureKind, Output, Settlement, SubscriptionId, TopicId, Verdict, Verdicts,
};
use millstream_queue::core::{Answer, Event, Grant, TakenBack, Why};
use millstream_queue::{Case, Fates, KeyRange, LeaseId, judge};

use super::Driver;
use crate::action::Asker;
use crate::model::{Check, Ended, Parcel, Posted, batch_of, ensure};
use crate::random::Random;

/// A delivery in the hands of a worker.
pub(super) struct Held {
    s: usize,
    grant: Grant,
}

/// What a worker says about a delivery, by message.
struct Said {
    verdicts: Vec<Verdict>,
    /// By topic, what each message gives.
    outputs: Vec<(TopicId, Vec<Vec<Posted>>)>,
}

impl Driver {
    pub(super) fn lease(
        &mut self,
        s: usize,
        messages_max: u32,
        quarter: Option<u64>,
        asker: Asker,
    ) -> Check {
        let mut request = self.request(s, messages_max);
        request.generation = self.generation(s, asker);
        request.keys = quarter.map(quarter_of_keys);
        let generation = request.generation;
        self.tell(|| {
            format!("sub-{s} asks for {messages_max}, quarter {quarter:?}, {asker:?} {generation}")
        });
        let event = Event::Lease(request.clone());
        let answer = self.step(event, |model, answer, step| {
            model.lease(&request, answer, step)?;
            let woken = step.effects.wake.contains(&request.subscription);
            let own = model.subscriptions[s].scope(&request);
            let denied = request.keys.and(own).and_then(|own| model.must_grant(s, own, step.now));
            let starved = matches!(answer, Answer::Nothing(_)) && !woken && denied.is_some();
            ensure!(!starved, "sub-{s}: got nothing of its keys although {denied:?} may go");
            Ok(())
        })?;
        if let Answer::Granted(grant) = answer {
            self.hold(s, *grant);
        }
        Ok(())
    }

    pub(super) fn settle(&mut self, n: u64, seed: u64) -> Check {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held.swap_remove((n % self.held.len() as u64) as usize);
        let said = self.say(&held, &mut Random::new(seed));
        let verdicts = summary(&said);
        self.tell(|| format!("settle {:?} of sub-{}: {verdicts}", held.grant.lease, held.s));
        self.commit(held.s, &held.grant, &said)
    }

    /// Everything handled, nothing published.
    pub(super) fn settle_all(&mut self) -> Check {
        while let Some(held) = self.held.pop() {
            let verdicts = vec![Verdict::Handled; held.grant.len()];
            self.tell(|| format!("settle {:?} of sub-{}: handled", held.grant.lease, held.s));
            self.commit(held.s, &held.grant, &Said { verdicts, outputs: Vec::new() })?;
        }
        Ok(())
    }

    pub(super) fn renew(&mut self, n: u64) -> Check {
        if self.held.is_empty() {
            return Ok(());
        }
        let lease = self.held[(n % self.held.len() as u64) as usize].grant.lease;
        self.tell(|| format!("renew {lease:?}"));
        self.step(Event::Renew(lease), |model, answer, step| model.renew(lease, answer, step.now))?;
        Ok(())
    }

    pub(super) fn lose(&mut self, n: u64) -> Check {
        if !self.held.is_empty() {
            let lost = self.held.swap_remove((n % self.held.len() as u64) as usize);
            self.tell(|| format!("the worker of {:?} is lost", lost.grant.lease));
        }
        Ok(())
    }

    /// As a broker settles what the core took back.
    pub(super) fn settle_taken_back(&mut self, taken: TakenBack) -> Check {
        let TakenBack { grant, why } = taken;
        let verdict = match why {
            Why::Expired => Verdict::Expired,
            Why::DeadlinePassed => failed(FailureKind::Timeout, false, 0),
            Why::Crashed => Verdict::Rejected(Failure::new(FailureKind::Crashed, "simulated")),
        };
        let said = Said { verdicts: vec![verdict; grant.len()], outputs: Vec::new() };
        self.tell(|| format!("    settle what was taken back: {:?}, {why:?}", grant.lease));
        self.commit(grant.subscription.0 as usize, &grant, &said)
    }

    fn say(&mut self, held: &Held, random: &mut Random) -> Said {
        let messages = held.grant.len();
        let mut verdicts = match random.below(10) {
            0..5 => vec![Verdict::Handled; messages],
            5 => vec![failed(FailureKind::Retry, false, 0); messages],
            _ => (0..messages).map(|_| verdict(random)).collect(),
        };
        if random.chance(5) {
            // Messages without a verdict were not judged.
            verdicts.truncate(random.below(messages as u64 + 1) as usize);
        }
        let topics = self.world.subscriptions[held.s].outputs.clone();
        let mut outputs = Vec::new();
        for topic in topics {
            if random.chance(60) {
                let delays = self.may_delay(topic.0 as usize);
                let each = (0..messages).map(|_| self.outputs(delays, random)).collect();
                outputs.push((topic, each));
            }
        }
        Said { verdicts, outputs }
    }

    /// What one message gives to one topic.
    fn outputs(&mut self, delays: bool, random: &mut Random) -> Vec<Posted> {
        let now = self.now();
        let many = random.pick(&[0, 0, 1, 1, 2]);
        (0..many)
            .map(|_| {
                let key = random.pick(&[None, Some("a"), Some("b")]).map(str::to_owned);
                let id = self.next_id();
                let parcel = Parcel::new(id, key, vec![7; random.pick(&[0, 30])], now.wall_ms);
                let due_ms = (delays && random.chance(15)).then_some(now.wall_ms + 100);
                Posted { parcel: Rc::new(parcel), due_ms, dedup: 0 }
            })
            .collect()
    }

    /// Judges and settles, again where the core found outputs without room.
    fn commit(&mut self, s: usize, grant: &Grant, said: &Said) -> Check {
        let batch = Batch::gather(&grant.parts).map_err(|error| error.to_string())?;
        let settlement = said.settlement(grant.len(), self.now().wall_ms);
        let mut full: Vec<TopicId> = Vec::new();
        for _ in 0..=settlement.outputs.len() {
            let (now, random) = (self.now(), self.random.next());
            let rules = self.world.subscriptions[s].clone();
            let case = Case {
                rules: &rules,
                handler: &Arc::clone(&self.handler),
                batch: &batch,
                histories: &grant.histories,
                full: &full,
                on_trial: grant.on_trial,
                now,
                random,
            };
            let judged = judge(case, &settlement).map_err(|error| error.to_string())?;
            self.try_outdated(grant.lease, &judged)?;
            match self.settle_judged(grant.lease, said, &full, judged)? {
                Answer::OutputsFull(topics) => full.extend(topics),
                _ => return Ok(()),
            }
        }
        Err(format!("sub-{s}: a settle found no end of full outputs: {full:?}"))
    }

    /// What was judged by rules of before is refused, and changes nothing.
    fn try_outdated(&mut self, lease: LeaseId, judged: &millstream_queue::Judged) -> Check {
        let outdated = judged.revision.checked_sub(1);
        let Some(revision) = outdated.filter(|_| self.model.leases.contains_key(&lease)) else {
            return Ok(());
        };
        if !matches!(judged.fates, Fates::Each(_)) {
            return Ok(());
        }
        let judged = millstream_queue::Judged { revision, ..judged.clone() };
        let event = Event::Settle(lease, Box::new(judged));
        self.step(event, |_, answer, _| {
            let again = matches!(answer, Answer::JudgeAgain);
            ensure!(again, "{lease:?} was judged by other rules, and answered {answer:?}");
            Ok(())
        })?;
        Ok(())
    }

    fn settle_judged(
        &mut self,
        lease: LeaseId,
        said: &Said,
        full: &[TopicId],
        judged: millstream_queue::Judged,
    ) -> Check<Answer> {
        let event = Event::Settle(lease, Box::new(judged.clone()));
        self.step(event, |model, answer, step| {
            let Said { verdicts, outputs } = said;
            let ended = Ended { lease, verdicts, outputs, full, judged: &judged, now: step.now };
            model.settle(&ended, answer)
        })
    }

    pub(super) fn fence(&mut self, s: usize) -> Check {
        // Workers of the version on trial keep their generation.
        let trial = self.model.subscriptions[s].trial.map(|(generation, _)| generation);
        let newest = self.generations[s].max(self.rolled_back[s].unwrap_or(0));
        let generation = trial.unwrap_or(newest + 1);
        if trial.is_none() {
            self.generations[s] = generation;
        }
        self.tell(|| format!("fence sub-{s} below {generation}"));
        let event = Event::Fence(SubscriptionId(s as u32), generation);
        self.step(event, |model, _, step| model.fence(s, generation, step.now))?;
        Ok(())
    }

    pub(super) fn hold(&mut self, s: usize, grant: Grant) {
        self.held.push(Held { s, grant });
    }
}

impl Said {
    fn settlement(&self, messages: usize, wall_ms: u64) -> Settlement {
        let all = self.verdicts.iter().all(|verdict| *verdict == Verdict::Handled);
        let verdicts = match all && self.verdicts.len() == messages {
            true => Verdicts::AllHandled,
            false => Verdicts::Each(self.verdicts.clone()),
        };
        let outputs = self.outputs.iter().map(|(topic, each)| output(*topic, each, wall_ms));
        Settlement { verdicts, outputs: outputs.collect() }
    }
}

/// The `n`-th quarter of all key hashes, from 0.
fn quarter_of_keys(n: u64) -> KeyRange {
    let width = u64::MAX / 4;
    let last = if n == 3 { u64::MAX } else { (n + 1) * width };
    KeyRange { first: n * width + u64::from(n > 0), last }
}

fn output(topic: TopicId, each: &[Vec<Posted>], wall_ms: u64) -> Output {
    let all = || each.iter().flatten();
    let delay = |one: &Posted| one.due_ms.map_or(0, |due| (due - wall_ms) as u32);
    let mut starts = vec![0];
    for posted in each {
        starts.push(starts[starts.len() - 1] + posted.len() as u32);
    }
    let batch = batch_of(all().map(|one| &*one.parcel));
    Output { topic, batch, delays_ms: all().map(delay).collect(), starts }
}

fn failed(kind: FailureKind, alone: bool, delay_ms: u32) -> Verdict {
    let failure = Failure { alone, ..Failure::new(kind, "simulated") };
    Verdict::Failed { failure, delay_ms }
}

fn verdict(random: &mut Random) -> Verdict {
    match random.below(20) {
        0..9 => Verdict::Handled,
        9..12 => failed(FailureKind::Retry, false, 0),
        12 => failed(FailureKind::Retry, false, random.pick(&[1, 70, 2_000])),
        13 => failed(FailureKind::Trap, true, 0),
        14..16 => Verdict::Rejected(Failure::new(FailureKind::Reject, "simulated")),
        16..18 => Verdict::Returned,
        _ => Verdict::Filtered,
    }
}

/// Verdicts and outputs for people.
fn summary(said: &Said) -> String {
    let each = said.verdicts.iter().map(|verdict| match verdict {
        Verdict::Handled => "handled".to_owned(),
        Verdict::Failed { failure, delay_ms } => {
            let alone = if failure.alone { " alone" } else { "" };
            format!("failed{alone} ({delay_ms} ms)")
        }
        Verdict::Rejected(_) => "rejected".to_owned(),
        Verdict::Returned => "returned".to_owned(),
        Verdict::Filtered => "filtered".to_owned(),
        Verdict::Expired => "expired".to_owned(),
    });
    let outputs = said.outputs.iter().map(|(topic, each)| {
        let counts: Vec<usize> = each.iter().map(Vec::len).collect();
        format!("; {counts:?} to topic-{}", topic.0)
    });
    each.collect::<Vec<String>>().join(", ") + &outputs.collect::<String>()
}
