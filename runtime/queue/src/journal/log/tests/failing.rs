use super::*;

/// Appends until something fails; tells what was acknowledged.
async fn until_it_fails(log: &Log) -> u64 {
    for sequence in 1..=40 {
        append(log, sequence);
        if log.durable(sequence).await.is_err() {
            return sequence - 1;
        }
    }
    40
}

#[tokio::test]
async fn an_error_at_any_call_ends_the_log_and_loses_nothing_acknowledged() {
    let mut failures = 0;
    for call in 0.. {
        let disk = MemoryDisk::new();
        disk.fail_at(call);
        let Ok((log, ..)) = reopen(&disk, None) else {
            assert_eq!(disk.calls().len(), call + 1, "nothing is tried again");
            failures += 1;
            continue;
        };
        let acknowledged = until_it_fails(&log).await;
        if acknowledged == 40 {
            break;
        }
        failures += 1;
        let poisoned = log.failed().await;
        assert!(poisoned.message.contains("the disk broke"), "{poisoned}");
        append(&log, acknowledged + 2);
        assert_eq!(log.durable(acknowledged + 2).await, Err(poisoned.clone()));
        assert_eq!(log.close(), Err(poisoned));
        assert_eq!(disk.calls().len(), call + 1, "nothing is tried again");
        for image in [disk.after_power_cut(), disk.after_kill()] {
            let (_, opened, records) = reopen(&image, None).unwrap();
            assert!(records.len() as u64 >= acknowledged, "call {call}: {opened:?}");
            assert_prefix(&records, records.len() as u64);
        }
    }
    assert!(failures > 80, "{failures} calls were failed");
}

#[tokio::test]
async fn without_a_sync_nothing_is_acknowledged_whose_write_failed() {
    let mut failures = 0;
    for call in 0.. {
        let disk = MemoryDisk::new();
        let options = options(Sync::Never);
        let (log, _) = Log::open(disk.clone(), options, None, &mut |_| Ok(())).unwrap();
        disk.fail_at(disk.calls().len() + call);
        let acknowledged = until_it_fails(&log).await;
        if acknowledged == 40 {
            break;
        }
        failures += 1;
        let (_, opened, records) = reopen(&disk.after_kill(), None).unwrap();
        assert!(records.len() as u64 >= acknowledged, "call {call}: {opened:?}");
    }
    assert!(failures > 40, "{failures} calls were failed");
}

#[tokio::test]
async fn everybody_who_waits_hears_of_the_failure() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    disk.fail_at(disk.calls().len() + 1);
    append_all(&log, 1..=20);
    let waits = (1..=20).map(|sequence| log.durable(sequence));
    let (mut told, failed) = (0, log.failed());
    for wait in waits {
        told += u32::from(wait.await.is_err());
    }
    assert_eq!((told, log.durable_now()), (20, 0));
    assert!(failed.await.message.contains("the disk broke"));
}

#[tokio::test]
async fn a_removal_that_fails_ends_the_log() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    fill(&log, 1..=30).await;
    disk.fail_at(disk.calls().len());
    log.remove(log.sealed()[0].base).unwrap_err();
    log.failed().await;
    append(&log, 31);
    assert!(log.durable(31).await.is_err());
}

#[tokio::test]
async fn a_writer_that_panics_leaves_nobody_waiting() {
    let log = open(&MemoryDisk::new());
    log.on_durable(Box::new(|_| panic!("a hook that panics")));
    append(&log, 1);
    _ = log.durable(1).await;
    append(&log, 2);
    let poisoned = log.durable(2).await.unwrap_err();
    assert_eq!(log.close(), Err(poisoned));
}
