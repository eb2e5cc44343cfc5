//! The queue under mails and runs of jobs: claims, leases and fencing tokens, as several processes use them.

use std::collections::BTreeSet;
use std::time::Duration;

use plinth::app::App;
use plinth::clock::AdjustableClock;
use plinth::db::{self, Conn, Sources, Value};
use plinth::error::Result;
use plinth::mail::{self, NewMail};
use plinth::queue::store::{self, Claim};
use plinth::queue::{JOB_RUNS, MAILS, Queue};
use plinth::random::Random;
use plinth::schema::{Collection, Record};

use crate::support::{Home, at_once};

/// How long the claims of these tests last.
const LEASE: Duration = Duration::from_secs(60);

/// Servers on one database, none of which works on its queues.
struct Idle {
    home: Home,
    clock: AdjustableClock,
}

impl Idle {
    fn new() -> Self {
        Self {
            home: Home::new(),
            clock: AdjustableClock::default(),
        }
    }

    fn server(&self) -> App {
        let sources = Sources {
            clock: self.clock.clock(),
            random: Random::system(),
        };
        actix_web::rt::System::new()
            .block_on(App::build_with(&self.home.config(), sources))
            .expect("a server")
    }
}

fn write<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
) -> T {
    actix_web::rt::System::new()
        .block_on(app.db.write(work))
        .expect("a write")
}

fn collection(app: &App, queue: &Queue) -> std::sync::Arc<Collection> {
    let schema = app.schema.current();
    schema.find(queue.collection).expect("a queue").clone()
}

fn enqueue(app: &App, count: usize) {
    write(app, move |conn| {
        for n in 0..count {
            let mail = NewMail {
                to: format!("n{n}@example.com"),
                subject: format!("Number {n}"),
                text: "Hello".to_owned(),
                ..NewMail::default()
            };
            mail::enqueue(conn, &mail)?;
        }
        Ok(())
    });
}

fn claim(app: &App, queue: &'static Queue, owner: &str, limit: usize) -> Vec<Record> {
    let (collection, owner) = (collection(app, queue), owner.to_owned());
    write(app, move |conn| {
        let now = db::now(conn)?;
        let claim = Claim {
            owner,
            now,
            until: now + LEASE,
        };
        store::claim(conn, queue, &collection, &claim, None, limit)
    })
}

fn complete(app: &App, queue: &'static Queue, claimed: &Record, state: &'static str) -> bool {
    let claimed = claimed.clone();
    write(app, move |conn| {
        let now = db::now(conn)?;
        store::complete(conn, queue, &claimed, state, Vec::new(), now)
    })
}

fn has_due(app: &App, queue: &'static Queue) -> bool {
    write(app, move |conn| store::has_due(conn, queue))
}

#[test]
fn each_row_is_claimed_by_one_of_several() {
    let idle = Idle::new();
    let servers = [idle.server(), idle.server()];
    enqueue(&servers[0], 40);
    let claimed = at_once(4, |n| {
        let mut ids = Vec::new();
        loop {
            let some = claim(&servers[n % 2], &MAILS, &format!("worker {n}"), 3);
            if some.is_empty() {
                return ids;
            }
            assert!(some.len() <= 3);
            assert!(some.iter().all(|mail| mail.text("status") == "sending"));
            ids.extend(some.iter().map(|mail| mail.id().to_owned()));
        }
    });
    let all: Vec<String> = claimed.into_iter().flatten().collect();
    let different: BTreeSet<&String> = all.iter().collect();
    assert_eq!((all.len(), different.len()), (40, 40));
}

#[test]
fn a_lease_that_expired_can_be_claimed_again_and_its_first_worker_changes_nothing() {
    let idle = Idle::new();
    let app = idle.server();
    enqueue(&app, 1);
    let first = claim(&app, &MAILS, "first", 4).remove(0);
    assert_eq!(first.value("attempts"), Some(&Value::Number(1.0)));
    assert!(!has_due(&app, &MAILS) && claim(&app, &MAILS, "second", 4).is_empty());
    idle.clock.advance(LEASE + Duration::from_secs(1));
    assert!(has_due(&app, &MAILS));
    let second = claim(&app, &MAILS, "second", 4).remove(0);
    assert_eq!(second.id(), first.id());
    assert_eq!(second.value("attempts"), Some(&Value::Number(2.0)));
    // The first one was away for too long: the row has another fencing token by now.
    assert!(!complete(&app, &MAILS, &first, "failed"));
    assert!(complete(&app, &MAILS, &second, "sent"));
    assert!(!complete(&app, &MAILS, &second, "failed"));
    assert_eq!(
        idle.home.text("SELECT \"status\" AS value FROM \"_mails\""),
        "sent"
    );
    assert!(!has_due(&app, &MAILS));
}

#[test]
fn a_retry_is_not_due_before_its_time() {
    let idle = Idle::new();
    let app = idle.server();
    enqueue(&app, 1);
    let claimed = claim(&app, &MAILS, "worker", 4).remove(0);
    let retried = write(&app, move |conn| {
        let now = db::now(conn)?;
        let due = Value::Text((now + Duration::from_secs(300)).to_string());
        store::complete(
            conn,
            &MAILS,
            &claimed,
            "waiting",
            vec![("notBefore", due)],
            now,
        )
    });
    assert!(retried);
    idle.clock.advance(Duration::from_secs(290));
    assert!(claim(&app, &MAILS, "worker", 4).is_empty());
    idle.clock.advance(Duration::from_secs(15));
    assert_eq!(claim(&app, &MAILS, "worker", 4).len(), 1);
}

#[test]
fn a_worker_renews_its_own_leases_only() {
    let idle = Idle::new();
    let app = idle.server();
    for n in 1..=2 {
        idle.home.execute(&format!(
            "INSERT INTO \"_jobRuns\" (\"id\", \"job\", \"due\", \"attempt\", \"trigger\", \"outcome\") \
             VALUES ('run{n}', 'nobody', '2026-01-05 09:00:00.000Z', {n}, 'manual', 'waiting')"
        ));
    }
    let mine = claim(&app, &JOB_RUNS, "me", 1).remove(0);
    let other = claim(&app, &JOB_RUNS, "other", 1).remove(0);
    assert_eq!((mine.text("worker"), other.text("worker")), ("me", "other"));
    idle.clock.advance(LEASE / 2);
    let (runs, ids) = (
        collection(&app, &JOB_RUNS),
        [mine.id().to_owned(), other.id().to_owned()],
    );
    let kept = write(&app, move |conn| {
        let now = db::now(conn)?;
        let claim = Claim {
            owner: "me".to_owned(),
            now,
            until: now + LEASE,
        };
        store::renew(conn, &JOB_RUNS, &runs, &claim, &ids)
    });
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [mine.id()]);
    idle.clock.advance(LEASE * 3 / 4);
    let expired = "SELECT \"id\" AS value FROM \"_jobRuns\" WHERE \"lease\" < ";
    let now = idle.clock.now();
    assert_eq!(idle.home.text(&format!("{expired}'{now}'")), other.id());
    assert!(complete(&app, &JOB_RUNS, &mine, "succeeded"));
}
