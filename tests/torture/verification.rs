//! Nothing is lost, nothing comes twice, everything is in order, all figures are true.

use std::collections::{BTreeMap, BTreeSet};

use millstream_tests::{Api, figure};

use crate::book::{Answer, Fate, Pages, Published};
use crate::order::Order;
use crate::passage::{CRASHED, Effect, Out, Passage, all_through, counts};
use crate::setup::SUBSCRIPTIONS;
use crate::sightings::{PER_INVOICE, Sight, dead_letters};
use crate::tally::Tally;

/// Letters about one invoice.
const LETTERS: u64 = 3;

/// Everything that was seen since the last verification. The host is at rest.
pub(crate) struct Seen {
    pub(crate) archive: Vec<Sight>,
    pub(crate) hook: Vec<Sight>,
    pub(crate) post: Vec<Sight>,
    pub(crate) keep: Vec<Sight>,
    /// Listings of the topics that plugins fill.
    pub(crate) booked: Vec<Sight>,
    pub(crate) letters: Vec<Sight>,
    /// What the paused subscriptions were given in the end.
    pub(crate) ledger: Vec<Sight>,
    pub(crate) letter_ledger: Vec<Sight>,
    /// By subscription.
    pub(crate) dead: BTreeMap<&'static str, BTreeMap<u64, Vec<String>>>,
    /// Lines that the file source was given since the last verification: the first and the last.
    pub(crate) lines: (u64, u64),
}

/// How many messages each topic has had since the journal was made, as counted from outside.
#[derive(Debug, Default)]
pub(crate) struct Totals(BTreeMap<&'static str, u64>);

impl Seen {
    /// All dead letters that are there.
    pub(crate) fn dead(api: &Api) -> BTreeMap<&'static str, BTreeMap<u64, Vec<String>>> {
        SUBSCRIPTIONS.iter().map(|&name| (name, dead_letters(api, name))).collect()
    }

    pub(crate) fn verify(&mut self, pages: &Pages, totals: &mut Totals, tally: &mut Tally) {
        let entries = self.entries(pages, tally);
        let invoices = self.invoices(pages, tally);
        tally.accepted += self.lines.1 - self.lines.0;
        totals.add("entries", entries.len() as u64);
        totals.add("invoices", invoices.len() as u64);
        totals.add("booked", self.booked.len() as u64);
        totals.add("letters", self.letters.len() as u64);
        totals.add("lines", self.lines.1 - self.lines.0);
        let dead = self.dead.values().flat_map(BTreeMap::values);
        totals.add("dead", dead.map(|reasons| reasons.len() as u64).sum());

        let archived = entries.keys().map(|&number| (number, Out::Through)).collect();
        self.outside("archive", archived, &self.archive, tally);
        self.inside("book", entries, counts(&self.booked), tally);
        let called = |sight: &Sight| (sight.number, called(pages.entries.get(&sight.number)));
        self.outside("call", self.booked.iter().map(called).collect(), &self.hook, tally);
        self.outside("ledger", all_through(&self.booked), &self.ledger, tally);

        let through =
            self.letters.iter().map(|letter| Sight { number: letter.number - 1, ..letter.clone() });
        self.inside("remind", invoices, counts(&through.collect::<Vec<_>>()), tally);
        self.outside("post", all_through(&self.letters), &self.post, tally);
        self.outside("letter-ledger", all_through(&self.letters), &self.letter_ledger, tally);
        let lines = (self.lines.0 + 1..=self.lines.1).map(|line| (line, Out::Through)).collect();
        self.outside("keep", lines, &self.keep, tally);
        self.verify_order(tally);
        self.verify_ids(pages, tally);
    }

    /// The entries that were accepted, and what is to become of each.
    fn entries(&self, pages: &Pages, tally: &mut Tally) -> BTreeMap<u64, Out> {
        let seen: BTreeSet<u64> = self.archive.iter().map(|sight| sight.number).collect();
        let came =
            |number: &u64| seen.contains(number) || self.dead["archive"].contains_key(number);
        let accepted = accepted(&pages.entries, came, tally);
        accepted.map(|(number, published)| (number, booked(published.fate))).collect()
    }

    /// The messages about invoices, of which only the first is published from outside, and each
    /// but the last sets off the next.
    fn invoices(&self, pages: &Pages, tally: &mut Tally) -> BTreeMap<u64, Out> {
        let letters: BTreeSet<u64> = self.letters.iter().map(|letter| letter.number).collect();
        let first = |invoice: u64| invoice * PER_INVOICE;
        let came = |invoice: &u64| {
            let first = first(*invoice);
            letters.contains(&(first + 1)) || self.dead["remind"].contains_key(&first)
        };
        let accepted: Vec<u64> =
            accepted(&pages.invoices, came, tally).map(|(number, _)| number).collect();
        let letters = &letters;
        let messages = accepted.into_iter().flat_map(|invoice| {
            let notes = first(invoice)..first(invoice) + LETTERS;
            notes.filter(move |&note| note == first(invoice) || letters.contains(&note))
        });
        messages.map(|number| (number, Out::Through)).collect()
    }

    fn inside(
        &self,
        subscription: &'static str,
        expected: BTreeMap<u64, Out>,
        through: BTreeMap<u64, u64>,
        tally: &mut Tally,
    ) {
        let letters = self.dead[subscription].clone();
        Passage { subscription, expected, through, letters }.verify(Effect::Inside, tally);
    }

    fn outside(
        &self,
        subscription: &'static str,
        expected: BTreeMap<u64, Out>,
        sights: &[Sight],
        tally: &mut Tally,
    ) {
        let letters = self.dead[subscription].clone();
        tally.delivered += sights.len() as u64;
        let through = counts(sights);
        tally.redelivered += sights.len() as u64 - through.len() as u64;
        Passage { subscription, expected, through, letters }.verify(Effect::Outside, tally);
    }

    /// Keys are in order where a subscription says so: in what it hands on inside without a repeat,
    /// outside with repeats after a death.
    fn verify_order(&self, tally: &mut Tally) {
        let given_up = |subscription: &str| {
            let letters = self.dead[subscription].iter();
            let crashed = letters.filter(|(_, reasons)| reasons.iter().any(|one| one == CRASHED));
            crashed.map(|(&number, _)| number).collect()
        };
        for (place, sights, given_up) in [
            ("archive", &self.archive, given_up("archive")),
            ("hook", &self.hook, given_up("call")),
            ("booked", &self.booked, BTreeSet::new()),
        ] {
            for broken in Order::without(given_up).see_all(sights).broken {
                tally.disorder(1, || format!("{place}: {broken}"));
            }
        }
    }

    /// A message has one id wherever it is seen, and where it was published the one of the answer.
    fn verify_ids(&self, pages: &Pages, tally: &mut Tally) {
        let answered = pages.entries.iter().filter_map(|(&number, published)| {
            let Answer::Accepted(id) = &published.answer else { return None };
            Some((number, id.as_str()))
        });
        verify_one_id("archive", answered.chain(ids(&self.archive)), tally);
        verify_one_id(
            "booked",
            ids(&self.booked).chain(ids(&self.hook)).chain(ids(&self.ledger)),
            tally,
        );
        let letters = ids(&self.letters).chain(ids(&self.post)).chain(ids(&self.letter_ledger));
        verify_one_id("letters", letters, tally);
        verify_one_id("lines", ids(&self.keep), tally);
    }
}

impl Totals {
    /// Every topic has had as many messages as were counted outside, and every subscription's sum
    /// holds.
    pub(crate) fn verify(&self, api: &Api, tally: &mut Tally) {
        for (topic, &counted) in &self.0 {
            // What went back left the topic, and came again when it was given up again.
            let counted = counted + if *topic == "dead" { redriven(api) } else { 0 };
            let published = figure(&api.get(&format!("/v1/topics/{topic}")).1, "published");
            let told = || format!("{topic}: published {published}, counted {counted}");
            tally.miscount(published.abs_diff(counted), told);
        }
        api.adds_up();
    }

    fn add(&mut self, topic: &'static str, count: u64) {
        *self.0.entry(topic).or_default() += count;
    }
}

/// Dead letters that went back, all subscriptions' together.
fn redriven(api: &Api) -> u64 {
    let of = |name: &&str| figure(&api.get(&format!("/v1/subscriptions/{name}")).1, "redriven");
    SUBSCRIPTIONS.iter().map(of).sum()
}

/// What was accepted: everything that was answered, and those requests without an answer of which
/// all messages `came`.
fn accepted<'a>(
    page: &'a BTreeMap<u64, Published>,
    came: impl Fn(&u64) -> bool,
    tally: &mut Tally,
) -> impl Iterator<Item = (u64, &'a Published)> {
    let mut requests = BTreeMap::<u64, (u64, u64)>::new();
    for (number, published) in page {
        match published.answer {
            Answer::Accepted(_) => tally.accepted += 1,
            Answer::Unknown { request } => {
                let (all, there) = requests.entry(request).or_default();
                *all += 1;
                *there += u64::from(came(number));
            }
        }
    }
    for (request, (all, there)) in requests {
        tally.unknown += all;
        if there > 0 {
            tally.lose(all - there, || format!("{there} of {all} of request {request} came"));
        }
    }
    page.iter().filter_map(move |(&number, published)| match published.answer {
        Answer::Unknown { .. } if !came(&number) => None,
        _ => Some((number, published)),
    })
}

/// What the plugin makes of an entry.
fn booked(fate: Fate) -> Out {
    match fate {
        Fate::Handled { .. } | Fate::RefusedByHook => Out::Through,
        Fate::Rejected => Out::Letter("rejected"),
        Fate::Exhausted => Out::Letter("exhausted"),
    }
}

/// What the hook makes of what was booked.
fn called(entry: Option<&Published>) -> Out {
    match entry.map(|published| published.fate) {
        Some(Fate::RefusedByHook) => Out::Letter("rejected"),
        _ => Out::Through,
    }
}

fn ids(sights: &[Sight]) -> impl Iterator<Item = (u64, &str)> {
    sights.iter().map(|sight| (sight.number, sight.id.as_str()))
}

fn verify_one_id<'a>(place: &str, seen: impl Iterator<Item = (u64, &'a str)>, tally: &mut Tally) {
    let mut known = BTreeMap::new();
    for (number, id) in seen {
        let first = *known.entry(number).or_insert(id);
        tally.repeat(u64::from(first != id), || format!("{place}: {number} is {first} and {id}"));
    }
}
