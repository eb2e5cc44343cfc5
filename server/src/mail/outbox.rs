//! The task that sends what is in the outbox. Every process has one: whoever claims a mail sends it.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::smtp::Failure;
use super::store::{self, Claimed, Outcome};
use crate::app::App;
use crate::error::Result;
use crate::tasks::supervise;

/// How often the outbox is looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// Mails sent at once at most, each over a connection of its own.
const AT_ONCE: usize = 4;
/// Mails looked for at once.
const BATCH: i64 = 50;
/// Minutes before each try but the first.
const BACKOFF: [i64; 7] = [1, 5, 15, 30, 60, 120, 240];
/// How much longer than the time limit a process may take to say what became of a mail.
const SPARE: Duration = Duration::from_secs(60);
/// The most characters that are kept of what went wrong.
const MAX_ERROR: usize = 2000;

/// The running task.
#[must_use = "the task goes on until it is stopped"]
pub struct Outbox {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Begins to send.
pub fn start(app: &App) -> Outbox {
    let (stop, stopped) = watch::channel(false);
    let running = app.clone();
    let task = supervise(move || run(running.clone(), stopped.clone()));
    Outbox {
        stop,
        task: tokio::spawn(task),
    }
}

impl Outbox {
    /// Begins no more mails and waits for those that are being sent, until `deadline`. What then is left waits in
    /// the outbox; what was cut off is taken over once its lease has run out.
    pub async fn stop(mut self, deadline: Instant) {
        self.stop.send_replace(true);
        if timeout_at(deadline, &mut self.task).await.is_err() {
            tracing::warn!("mails that were being sent are cut off");
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let is_more = match round(&app, &stopped).await {
            Ok(found) => found == BATCH,
            Err(error) => {
                tracing::warn!(%error, "cannot look into the outbox");
                false
            }
        };
        if !is_more {
            let _ = tokio::time::timeout(PAUSE, stopped.changed()).await;
        }
    }
}

/// Sends what is due. Says how many mails were.
async fn round(app: &App, stopped: &watch::Receiver<bool>) -> Result<i64> {
    let due = app.db.read_few(|conn| store::due(conn, BATCH));
    let due = due.await?;
    let found = i64::try_from(due.len()).unwrap_or(BATCH);
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, async |id| {
            if *stopped.borrow() {
                return;
            }
            if let Err(error) = one(app, &id).await {
                tracing::warn!(%error, mail = id, "cannot write to the outbox");
            }
        })
        .await;
    Ok(found)
}

/// Claims a mail, sends it, and writes down what became of it.
async fn one(app: &App, id: &str) -> Result<()> {
    let long = app.mailer.timeout + SPARE;
    let id = id.to_owned();
    let claim = move |conn: &mut _| store::claim(conn, &id, long);
    let Some(mail) = app.db.write(claim).await? else {
        return Ok(());
    };
    let outcome = send(app, &mail).await;
    app.metrics.mails.with_label_values(&[outcome.name()]).inc();
    let finish = move |conn: &mut _| store::finish(conn, &mail, &outcome);
    app.db.write(finish).await
}

async fn send(app: &App, mail: &Claimed) -> Outcome {
    let Some(smtp) = &app.mailer.smtp else {
        tell(mail);
        return Outcome::Kept;
    };
    let tries = usize::try_from(mail.attempts).unwrap_or(usize::MAX);
    if tries > BACKOFF.len() + 1 {
        return Outcome::Failed("The server ended each time while it sent it.".to_owned());
    }
    let failure = match smtp.send(&app.meta(), mail).await {
        Ok(()) => return Outcome::Sent,
        Err(failure) => failure,
    };
    let Failure { why, is_final } = failure;
    let why: String = why.chars().take(MAX_ERROR).collect();
    tracing::warn!(mail = mail.id, error = why, "cannot send a mail");
    match BACKOFF.get(tries.saturating_sub(1)) {
        Some(minutes) if !is_final => {
            let pause = Duration::from_secs(minutes.unsigned_abs() * 60);
            Outcome::Retried(pause, why)
        }
        _ => Outcome::Failed(why),
    }
}

/// Without a mail server the log is where the link is found: only then. Of several, the one with a token is longest.
fn tell(mail: &Claimed) {
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
