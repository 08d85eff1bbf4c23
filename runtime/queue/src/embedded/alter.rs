//! Another declaration while everybody is at work.

use millstream_message::{Message, TopicId};

use super::EmbeddedBroker;
use crate::broker::{AlterError, Altered, Broker};
use crate::core::{
    Answer, Declaration, Event, Kind, Leftover, MAX_STEP_MESSAGES, Named, Plan, Refusal,
};
use crate::dead_letter::DEAD_LETTER_PREFIX;
use crate::rules::Exhausted;

impl EmbeddedBroker {
    /// What the declaration would change, with the dead letters of what it gives up.
    pub(super) async fn planned(&self, declaration: &Declaration) -> Plan {
        let (mut plan, abandoned) = {
            let core = &self.lock().core;
            (core.plan(declaration), core.abandoned(declaration))
        };
        for rules in abandoned {
            let Exhausted::DeadLetter(topic) = rules.exhausted else { continue };
            let letters = self.letters_of(topic, &rules.name).await;
            let what = Named { kind: Kind::Subscription, name: rules.name };
            match plan.leftovers.iter_mut().find(|one| one.what == what) {
                Some(known) => known.messages += letters,
                None if letters > 0 => {
                    let why = "is no longer declared and has dead letters".to_owned();
                    plan.leftovers.push(Leftover { what, messages: letters, why });
                }
                None => {}
            }
        }
        plan
    }

    async fn letters_of(&self, topic: TopicId, subscription: &str) -> u64 {
        let header = format!("{DEAD_LETTER_PREFIX}subscription");
        let own = |message: &Message<'_>| message.header(&header) == Some(subscription);
        let (mut letters, mut from) = (0, 0);
        loop {
            let page = self.browse(topic, from, MAX_STEP_MESSAGES);
            let parts = page.parts.iter();
            letters += parts.flat_map(|part| part.batch.iter()).filter(own).count() as u64;
            match page.next {
                Some(next) if next > from => from = next,
                _ => return letters,
            }
            // Others get their turn between the pages.
            tokio::task::yield_now().await;
        }
    }

    pub(super) async fn altered(&self, declaration: Declaration) -> Result<Altered, AlterError> {
        let plan = self.planned(&declaration).await;
        if plan.is_refused() {
            return Err(AlterError::Refused(Box::new(plan)));
        }
        let event = Event::Alter(Box::new(declaration.clone()));
        let stepped = self.step_with(event, |state, answer| {
            if matches!(answer, Answer::Altered { .. }) {
                state.mark_new_topics();
                self.shelves.follow(&state.core);
            }
        });
        match stepped.answer {
            Answer::Altered { topics, subscriptions } => {
                self.durable(stepped.record).await?;
                Ok(Altered { topics, subscriptions, plan })
            }
            Answer::Refused(Refusal::TooLarge) => Err(AlterError::TooMany),
            // Something came between the plan and the step.
            _ => Err(AlterError::Refused(Box::new(self.planned(&declaration).await))),
        }
    }
}
