//! `run --watch`: the pipeline file is applied when it is saved.

use millstream_tests::{Project, figure};

use crate::bed::{Bed, numbered};

fn text(more: &str) -> String {
    format!(
        "pipeline: p\ntopics:\n  in: {{ kind: event }}\n{more}subscriptions:\n  \
         write: {{ topic: in, sink: {{ file: {{ path: out.txt }} }}, on_exhausted: drop }}\n"
    )
}

#[test]
fn what_is_saved_runs_and_a_mistake_does_not() {
    let mut bed = Bed::open_in(Project::new(), &text(""), &["--watch"]);
    bed.project.write("pipeline.yaml", text("  jobs: { kind: command }\n"));
    bed.host.wait_for("+ topic \"jobs\"");
    bed.host.wait_for("= 2 unchanged");
    assert_eq!(bed.api.get("/v1/topics/jobs").0, 200);
    bed.project.write("pipeline.yaml", text("  jobs: { kind: comand }\n"));
    bed.host.wait_for("MS0110");
    bed.host.wait_for("not applied: the pipeline of before goes on");
    assert_eq!(bed.api.get("/v1/topics/jobs").0, 200);
    bed.publish("in", numbered("m", 10));
    bed.api.subscription_until("write", |one| figure(one, "handled") == 10);
    bed.project.write("pipeline.yaml", text(""));
    bed.host.wait_for("- topic \"jobs\"");
    let _ = bed.host.terminate();
}
