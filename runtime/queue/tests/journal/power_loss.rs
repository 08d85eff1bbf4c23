//! Power may fail at any moment: what was answered is there, and nothing is half there.

mod history;
mod ledger;
mod letters;
mod parcel;
mod survey;
mod verdict;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use millstream_message::{BatchBuilder, MessageId};
use millstream_queue::{Broker, Publication, Terms};

use self::history::Shot;
pub(crate) use self::history::{History, Player};
use self::ledger::Spot;
pub(crate) use self::survey::{Check, Found, Survey, clock_after};
pub(crate) use self::verdict::Verdict;
use crate::asked::{number, on_all_cores};
use crate::random::Random;
use crate::simulated_disk::{Crash, SimulatedDisk};
use crate::world::{DEDUP_WINDOW, EVENTS};

/// Images of an ordinary test run.
const IMAGES: u64 = 5_000;

/// Of a recovery that loses power in its turn: images.
const AGAIN_MAX: usize = 3;

#[test]
fn what_was_answered_survives_any_loss_of_power() {
    let wanted = number("MILLSTREAM_IMAGES").unwrap_or(IMAGES);
    let images = AtomicU64::new(0);
    on_all_cores(|seed| {
        if images.load(Ordering::Relaxed) >= wanted {
            return false;
        }
        images.fetch_add(play(seed), Ordering::Relaxed);
        true
    });
    println!("{} images, and nothing is lost", images.into_inner());
}

/// One history, and an image of each of its moments. Answers how many.
fn play(seed: u64) -> u64 {
    let runtime = crate::asked::runtime();
    runtime.block_on(async {
        let history = history::play(seed).await;
        let mut random = Random::new(!seed);
        let mut images = 0;
        for (moment, shot) in history.shots.iter().enumerate() {
            let image = shot.crash.image(&mut random);
            let checked = check(&history, shot, &image, &mut random).await;
            match checked {
                Ok(more) => images += more,
                Err(wrong) => panic!("seed {seed}, moment {moment}: {wrong}"),
            }
        }
        images
    })
}

/// An image and, now and then, images of its recovery. Answers how many.
async fn check(
    history: &History,
    shot: &Shot,
    image: &SimulatedDisk,
    random: &mut Random,
) -> Check<u64> {
    let crashes: Arc<Mutex<Vec<Crash>>> = Arc::default();
    if random.chance(20) {
        let list = Arc::clone(&crashes);
        image.on_sync(Some(Box::new(move |crash| list.lock().unwrap().push(crash))));
    }
    check_one(history, shot, image).await?;
    let crashes = std::mem::take(&mut *crashes.lock().unwrap());
    let mut images = 1;
    for crash in crashes.iter().take(AGAIN_MAX) {
        let again = check_one(history, shot, &crash.image(random)).await;
        again.map_err(|wrong| format!("power fails again during recovery: {wrong}"))?;
        images += 1;
    }
    Ok(images)
}

async fn check_one(history: &History, shot: &Shot, image: &SimulatedDisk) -> Check {
    let clock = clock_after(shot.now);
    let opened = history.world.open(image, &clock);
    // Whatever is lost from now on was told to nobody yet.
    image.on_sync(None);
    let (broker, _) = opened.map_err(|error| format!("does not open: {error}"))?;
    repeats_are_known(history, shot, &broker).await?;
    let found = Survey::of(history, &broker, &clock).all().await?;
    Verdict::new(history, shot.entries).on(&found)
}

/// A repeat of what was accepted is refused as before.
async fn repeats_are_known(history: &History, shot: &Shot, broker: &dyn Broker) -> Check {
    let now = broker.now();
    let with_dedup = history.parcels.iter().filter(|(_, parcel)| parcel.dedup != 0);
    let known =
        with_dedup.filter(|(id, _)| history.ledger.accepted(shot.entries, Spot::Message(0, **id)));
    for (id, parcel) in known.take(2) {
        assert!(now.wall_ms < shot.now.wall_ms + DEDUP_WINDOW.as_millis() as u64);
        let mut builder = BatchBuilder::with_capacity(1, 0);
        let repeat = MessageId::published(1, 1);
        builder.push(repeat, now.wall_ms, None, [], b"repeat").unwrap();
        let terms = Terms { dedup: vec![parcel.dedup], ..Terms::default() };
        let publication = Publication::on_terms(builder.build(), &terms, now.wall_ms);
        let repeats = broker.publish(EVENTS, publication).await;
        let known =
            repeats.as_ref().is_ok_and(|all| all.first().is_some_and(|one| one.first == *id));
        if !known {
            return Err(format!("a repeat of {id} is not known as one: {repeats:?}"));
        }
    }
    Ok(())
}
