//! What happens to the core, what it answers, and what follows.

use std::time::Duration;

use bytes::Bytes;
use millstream_message::{Batch, SubscriptionId, TopicId};

use super::declare::Declaration;
use super::deploy::{Deploy, ModulePart};
use super::forget::Letter;
use super::lease::{Grant, LeaseId};
use super::seek::SeekTo;
use super::store::Move;
use crate::judge::Judged;
use crate::publication::{Duplicate, Publication};
use crate::rules::LeaseRequest;

/// Names a publisher that waits in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What happens to the core.
#[derive(Debug)]
pub enum Event {
    /// Somebody publishes.
    Publish(TopicId, Publication),
    /// A worker wants messages.
    Lease(LeaseRequest),
    /// A worker's delivery ends.
    Settle(LeaseId, Box<Judged>),
    /// A worker still lives: its lease runs `ack_deadline` from now.
    Renew(LeaseId),
    /// Workers of generations below this one may neither lease nor settle any more.
    Fence(SubscriptionId, u64),
    /// Deliveries stop (true) or go on.
    Pause(SubscriptionId, bool),
    /// Work on the subscription has begun that is to be found again after a start, or has ended.
    Errand(SubscriptionId, Option<Bytes>),
    /// The subscription goes on somewhere else; its leases end.
    Seek(SubscriptionId, SeekTo),
    /// The topic is emptied from one sequence number up to another, step by step.
    Purge(TopicId, u64, u64),
    /// Dead letters go back to the subscription that gave them up.
    Redrive(SubscriptionId, Vec<Letter>),
    /// Dead letters are gone for good.
    PurgeLetters(Vec<Letter>),
    /// Somebody watches (true) what becomes visible in the topic, or nobody does any more.
    Tap(TopicId, bool),
    /// Time has passed: deadlines, due messages and waiting publishers are looked at.
    Tick,
    /// The small publishes that share the end of a topic's log do so no longer: somebody looks.
    Seal(TopicId),
    /// Topics and subscriptions are from now on these.
    Declare(Box<Declaration>),
    /// The process that gave out leases and let publishers wait is gone.
    Restart,
    /// The journal keeps these messages elsewhere from now on.
    Moved(Vec<Move>),
    /// Another version of a plugin goes on trial, serves, or does so no longer.
    Deploy(Box<Deploy>),
    /// As [`Event::Declare`], while everybody is at work.
    Alter(Box<Declaration>),
    /// A part of the bytes of a plugin's version is to be kept.
    Keep(Box<ModulePart>),
}

/// The answer to one event.
#[derive(Debug)]
pub enum Answer {
    /// Done.
    Done,
    /// Accepted, except these repeats.
    Published(Vec<Duplicate>),
    /// The publisher waits in line; [`Effects`] names the ticket later.
    Waiting(Ticket),
    /// Messages for the worker.
    Granted(Box<Grant>),
    /// No message for now. Look again when woken, or at this monotonic time.
    Nothing(Option<Duration>),
    /// These topics cannot take what the settlement publishes. Nothing changed: judge the delivery
    /// again, with the outputs to them as failures.
    OutputsFull(Vec<TopicId>),
    /// So many of the letters were looked at, so many moved; or so many messages are offered anew.
    Moved {
        /// Of those handed in.
        looked_at: u64,
        /// Of those looked at.
        moved: u64,
    },
    /// A step of a purge.
    Purged {
        /// Messages that are gone.
        messages: u64,
        /// Sequence number to go on from; none when all is done.
        next: Option<u64>,
    },
    /// The rules changed since the delivery was judged. Nothing changed: judge it again by those of
    /// now.
    JudgeAgain,
    /// The version whose trial begins, or that serves now, has workers of this generation.
    Generation(u64),
    /// The ids of what is declared, by its places in the declaration.
    Altered {
        /// Of topics.
        topics: Vec<TopicId>,
        /// Of subscriptions.
        subscriptions: Vec<SubscriptionId>,
    },
    /// The event was refused; nothing changed.
    Refused(Refusal),
}

/// Why the core refused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such topic or subscription.
    Unknown,
    /// The publication is larger than the topic's whole bound: it would wait for ever.
    TooLarge,
    /// The topic is full and rejects.
    Full,
    /// Too many publishers wait in line.
    LineFull,
    /// The topic remembers as many dedup ids as it may.
    DedupFull,
    /// The lease has ended: its deadline passed, its generation was fenced, or it was settled.
    LeaseEnded,
    /// The worker's generation was fenced, or another one serves.
    Fenced,
    /// A version of the plugin is on trial, or its trial has just ended.
    OnTrial,
    /// No version of the plugin is on trial.
    NoTrial,
    /// The declaration has no place for something that is there.
    LeftOver,
}

/// What follows from one step beside its answer.
#[derive(Debug, Default)]
pub struct Effects {
    /// Subscriptions that may have messages for one more worker.
    pub wake: Vec<SubscriptionId>,
    /// Subscriptions of which every worker asks again: whom what waits is for has changed.
    pub ask_again: Vec<SubscriptionId>,
    /// Subscriptions in which no more messages may wait for the end of a trial: roll it back.
    pub trial_full: Vec<SubscriptionId>,
    /// Publishers whose messages were accepted now, and their repeats.
    pub admitted: Vec<(Ticket, Vec<Duplicate>)>,
    /// Publishers who waited in vain.
    pub expired_tickets: Vec<Ticket>,
    /// Publishers in line who were refused.
    pub turned_away: Vec<(Ticket, Refusal)>,
    /// Messages that the core took back from their worker or from waiting. The caller judges and
    /// settles them at once.
    pub taken_back: Vec<TakenBack>,
    /// Topics whose logs became longer by messages that a journal keeps.
    pub grown: Vec<TopicId>,
    /// Messages that became visible in a topic somebody watches, with the sequence number of the
    /// first.
    pub appended: Vec<(TopicId, u64, Batch)>,
    /// Something is due at this monotonic time: [`Event::Tick`] then, at the latest.
    pub tick_at: Option<Duration>,
    /// Batches nobody needs any more, to be freed outside the lock.
    pub released: Vec<Batch>,
}

/// Messages that the caller settles for the core.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// The messages, under a lease that only the caller knows.
    pub grant: Grant,
    /// What happened to them.
    pub why: Why,
}

/// Why the core took messages back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Their lease was neither settled nor renewed in time: each has failed.
    DeadlinePassed,
    /// They are too old.
    Expired,
    /// They were under lease in too many crashes of the host.
    Crashed,
}

impl Effects {
    pub(super) fn tick_by(&mut self, at: Duration) {
        self.tick_at = Some(self.tick_at.map_or(at, |earlier| earlier.min(at)));
    }
}
