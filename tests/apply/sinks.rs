//! A file that is taken from one subscription and given to the next at once.

use millstream_tests::figure;

use crate::bed::Bed;

/// Bytes of a message, and how many there are: what a worker has in hand takes time to write.
const BYTES: usize = 128 << 10;
const MESSAGES: usize = 128;
const ROUNDS: usize = 8;

fn text(write: &str) -> String {
    format!(
        "pipeline: p
topics:
  in: {{ kind: event }}
  end: {{ kind: event }}
subscriptions:
  stay: {{ topic: in, sink: {{ pass_through: {{}} }}, output: end, on_exhausted: drop, filter: 'false' }}
{write}"
    )
}

/// A subscription that writes all that is there at once.
fn writer(name: &str) -> String {
    text(&format!(
        "  {name}: {{ topic: in, sink: {{ file: {{ path: out.txt }} }}, on_exhausted: drop, \
         batch: {{ max_bytes: 32MiB }} }}\n"
    ))
}

/// Each line a message.
#[track_caller]
fn publish(bed: &Bed, lines: String) {
    let path = "/v1/topics/in/messages?format=lines";
    let (status, answer) = bed.api.post(path, "application/x-ndjson", lines);
    assert_eq!(status, 202, "{answer:#}");
}

/// A worker that finishes what it has in hand still holds the file, which was locked for whoever came
/// next.
#[test]
fn a_subscription_goes_in_the_middle_of_a_write_and_another_has_its_file_at_once() {
    let bed = Bed::open(&writer("write-0"));
    for round in 0..ROUNDS {
        let name = format!("write-{round}");
        bed.api.pause(&name);
        let line = |number: usize| format!("{round} {number:04} {}\n", "x".repeat(BYTES));
        publish(&bed, (0..MESSAGES).map(line).collect());
        bed.api.resume(&name);
        bed.api.subscription_until(&name, |one| figure(one, "in_flight") > 0);
        bed.applied(&text(""), &["--drop", &format!("subscription:{name}")]);
        bed.applied(&writer(&format!("write-{}", round + 1)), &[]);
    }
    publish(&bed, "the last\n".to_owned());
    bed.idle();
    let lines = bed.project.lines("out.txt");
    let whole = |line: &Vec<u8>| line.len() > BYTES && line.ends_with(b"xxx");
    let (last, before) = lines.split_last().expect("it was written to");
    assert_eq!(last, b"the last");
    assert!(before.iter().all(whole), "lines are torn or mixed");
    bed.api.adds_up();
    let _ = bed.host.terminate();
}
