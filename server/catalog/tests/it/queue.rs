//! The queue wakes workers; losing it loses nothing.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use catalog::{Queue, SystemTask};
use domain::{Clock, RunId};
use tokio::sync::Notify;

use crate::world::{LEASE, World, contract};

/// Wall time, because apalis compares with it.
fn now() -> domain::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    domain::Timestamp(i64::try_from(since.as_millis()).unwrap())
}

type Seen = Arc<Mutex<BTreeMap<RunId, usize>>>;

/// Works off `queue` until `runs` were all seen, then shuts down.
async fn work(queue: &Queue, worker: &str, runs: &[RunId]) -> BTreeMap<RunId, usize> {
    let (seen, done): (Seen, _) = (Arc::default(), Arc::new(Notify::new()));
    let (wanted, stop) = (runs.to_vec(), done.clone());
    let handler = {
        let seen = seen.clone();
        move |run| {
            let (seen, done, wanted) = (seen.clone(), done.clone(), wanted.clone());
            async move {
                let mut seen = seen.lock().unwrap();
                *seen.entry(run).or_default() += 1;
                if wanted.iter().all(|run| seen.contains_key(run)) {
                    done.notify_one();
                }
            }
        }
    };
    let working = queue.run(worker, 2, async move { stop.notified().await }, handler);
    tokio::time::timeout(Duration::from_mins(1), working).await.expect("the queue stopped in time").unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

async fn open(world: &World) -> Queue {
    let url = if world.url.starts_with("sqlite") {
        world.url.replace("catalog.db", "queue.db")
    } else {
        world.url.clone()
    };
    Queue::open(&url).await.unwrap()
}

contract! {
    every_wake_up_arrives_and_a_repeated_push_is_one(world) {
        let queue = open(world).await;
        let runs: Vec<_> = (0..5).map(|_| RunId::new(world.clock.uuid())).collect();
        let at = now();
        for run in &runs {
            queue.push(*run, 0, at).await.unwrap();
            queue.push(*run, 0, at).await.unwrap();
        }
        let seen = work(&queue, "w-1", &runs).await;
        assert_eq!(seen.len(), 5);
        assert!(seen.values().all(|times| *times == 1), "{seen:?}");
        assert_eq!(queue.prune(at).await.unwrap(), 0);
        assert_eq!(queue.prune(at.plus_ms(3 * 86_400_000)).await.unwrap(), 5);
    }

    a_run_whose_wake_up_was_lost_is_found_by_the_sweep(world) {
        // Nobody pushed anything: as after losing the queue. The sweep sends every due run again.
        let (queue, run) = (open(world).await, world.start_backup(world.ours).await);
        let due = world.system().due_runs(10).await.unwrap();
        assert!(due.iter().any(|due| due.run_id == run));
        for due in &due {
            queue.push(due.run_id, due.starts, now()).await.unwrap();
        }
        work(&queue, "w-2", &[run]).await;
        assert!(world.catalog.system(SystemTask::Dispatch).claim(run, "w-2", LEASE).await.unwrap().is_some());
    }
}
