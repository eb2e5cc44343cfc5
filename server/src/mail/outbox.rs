//! Sends the mails that wait in the outbox. Every process does: the one that claims a mail sends it.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounterVec;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::Outgoing;
use super::smtp::Failure;
use crate::app::App;
use crate::db::{self, Conn, Value};
use crate::error::Result;
use crate::policy::Grant;
use crate::queue::worker::{self, Control, Lease, Work};
use crate::queue::{self, Backoff, MAILS, Queue};
use crate::schema::Record;
use crate::tasks::supervise;

/// The pauses between attempts.
const BACKOFF: Backoff = Backoff::Minutes(&[1, 5, 15, 30, 60, 120, 240]);
/// How many times a mail is claimed at most. There is an attempt before each pause, and one after the last.
const MAX_ATTEMPTS: u32 = 8;
/// How much longer than the time limit for sending a mail stays claimed, so that its outcome can be stored.
const SPARE: Duration = Duration::from_secs(60);
/// The pause after an attempt that panicked.
const AFTER_PANIC: Duration = Duration::from_secs(5 * 60);
/// How long after the deadline the task may take to end by itself.
const GRACE: Duration = Duration::from_secs(1);
/// The most characters of an error that are stored.
const MAX_ERROR: usize = 2000;

/// The running task.
#[must_use = "the task goes on until it is stopped"]
pub struct Outbox {
    control: Arc<Control>,
    task: JoinHandle<()>,
}

/// Starts to send.
pub fn start(app: &App) -> Outbox {
    let control = Arc::new(Control::default());
    let (sending, stopping) = (Sending(app.clone()), Arc::clone(&control));
    let task = supervise(move || worker::run(sending.clone(), Arc::clone(&stopping)));
    Outbox {
        control,
        task: tokio::spawn(task),
    }
}

impl Outbox {
    /// Claims no more mails and waits until those that are being sent are done, until `deadline` at the latest. A mail
    /// that is aborted stays claimed until its lease expires, since it may have been sent.
    pub async fn stop(mut self, deadline: Instant) {
        self.control.stop(deadline);
        if timeout_at(deadline + GRACE, &mut self.task).await.is_err() {
            tracing::warn!("the outbox does not stop");
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The result of an attempt to send a mail.
#[derive(Clone, Debug)]
enum Outcome {
    Sent,
    /// It failed for now, and is tried again after the pause.
    Retried(Duration, String),
    /// It failed for good.
    Failed(String),
    /// There is no mail server.
    Kept,
}

#[derive(Clone)]
struct Sending(App);

impl Work for Sending {
    type Outcome = Outcome;

    const QUEUE: &'static Queue = &MAILS;

    fn app(&self) -> &App {
        &self.0
    }

    fn lease(&self) -> Lease {
        Lease {
            duration: self.0.mailer.timeout + SPARE,
            renewal: None,
        }
    }

    fn counter(&self) -> &IntCounterVec {
        &self.0.metrics.mails
    }

    async fn perform(&self, claimed: &Record) -> Outcome {
        send(&self.0, claimed).await
    }

    fn panicked() -> Outcome {
        let why = "The server failed while sending the mail; its log has the details.";
        Outcome::Retried(AFTER_PANIC, why.to_owned())
    }

    fn complete(
        conn: &mut Conn,
        _grant: &Grant,
        claimed: &Record,
        outcome: &Outcome,
    ) -> Result<bool> {
        let now = db::now(conn)?;
        let (status, not_before, sent_at, error) = match outcome {
            Outcome::Sent => ("sent", String::new(), now.to_string(), ""),
            Outcome::Retried(pause, why) => {
                let due = (now + *pause).to_string();
                ("waiting", due, String::new(), why.as_str())
            }
            Outcome::Failed(why) => ("failed", String::new(), String::new(), why.as_str()),
            Outcome::Kept => ("kept", String::new(), String::new(), ""),
        };
        let set = vec![
            ("notBefore", Value::Text(not_before)),
            ("sentAt", Value::Text(sent_at)),
            ("error", Value::from(error)),
        ];
        queue::store::complete(conn, &MAILS, claimed, status, set, now)
    }

    fn name(outcome: &Outcome) -> &'static str {
        match outcome {
            Outcome::Sent => "sent",
            Outcome::Retried(..) => "retried",
            Outcome::Failed(_) => "failed",
            Outcome::Kept => "kept",
        }
    }
}

async fn send(app: &App, claimed: &Record) -> Outcome {
    let mail = Outgoing::of(claimed);
    let Some(smtp) = &app.mailer.smtp else {
        log_link(&mail);
        return Outcome::Kept;
    };
    let attempt = queue::attempt(claimed, "attempts");
    if attempt > MAX_ATTEMPTS {
        let why = "The server stopped each time while it was sending the mail.";
        return Outcome::Failed(why.to_owned());
    }
    let Failure { why, is_final } = match smtp.send(&app.meta(), &mail).await {
        Ok(()) => return Outcome::Sent,
        Err(failure) => failure,
    };
    let why: String = why.chars().take(MAX_ERROR).collect();
    tracing::warn!(mail = mail.id, error = why, "cannot send a mail");
    match BACKOFF.after(attempt) {
        Some(pause) if !is_final => Outcome::Retried(pause, why),
        _ => Outcome::Failed(why),
    }
}

/// Logs the link in a mail, which without a mail server is found nowhere else. Of several links, the one with a token is
/// the longest.
fn log_link(mail: &Outgoing) {
    let link = mail
        .text
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '[' | ']'))
        .filter(|word| word.starts_with("http://") || word.starts_with("https://"))
        .max_by_key(|word| word.len());
    tracing::info!(
        to = mail.to,
        subject = mail.subject,
        link = link.unwrap_or_default(),
        "no mail server is set up (smtp_url): the mail stays in the outbox"
    );
}
