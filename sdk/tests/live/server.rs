//! What is neither about records nor about accounts.

use plinth_sdk::types::{Batch, BatchRequest};
use plinth_sdk::{Client, Error, filter};
use serde_json::{Value, json};

use crate::support::{guest, superuser};

#[tokio::test]
async fn the_server_is_healthy() {
    let health = guest().health().await.expect("the server answers");
    assert_eq!(health.code, 200);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_transport_error() {
    let nowhere = Client::new("http://127.0.0.1:9").expect("a URL");
    let error = nowhere.health().await.expect_err("nobody answers");
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(error.status(), None);
}

#[tokio::test]
async fn requests_are_counted_by_the_minute() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    // The sign-in itself is counted, within ten seconds.
    for _ in 0..60 {
        let overview = client.metrics().overview(5).await?;
        assert_eq!(overview.minutes.len(), 5);
        if overview.minutes.iter().any(|minute| minute.requests > 0) {
            let refused = client.metrics().overview(0).await;
            assert!(refused.is_err_and(|error| error.is_invalid()));
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    panic!("nothing was counted");
}

#[tokio::test]
async fn jobs() -> plinth_sdk::Result<()> {
    let jobs = superuser().await.jobs();
    for left in jobs
        .definitions()
        .list()
        .filter("name = 'sdk_job'")
        .all()
        .await?
    {
        jobs.definitions().delete(&left.id).await?;
    }
    let job = json!({
        "name": "sdk_job", "schedule": "30 9 * * MON", "timezone": "Europe/Berlin", "kind": "maintenance",
        "payload": { "tasks": ["optimize"] }, "timeout": 60, "enabled": true,
    });
    let job = jobs.definitions().create(&job).await?;
    let crons = jobs.crons().await?;
    assert!(
        crons
            .iter()
            .any(|cron| cron.id == job.id && cron.expression == job.schedule)
    );

    jobs.run(&job.id).await?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let run = loop {
        let ended = filter!(
            "job = {} && outcome != 'waiting' && outcome != 'running'",
            job.id
        );
        if let Some(run) = jobs.runs().list().filter(ended).all().await?.pop() {
            break run;
        }
        assert!(std::time::Instant::now() < deadline, "it does not end");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!(
        (run.outcome.as_str(), run.trigger.as_str()),
        ("succeeded", "manual")
    );
    assert!(
        jobs.run("missing")
            .await
            .is_err_and(|error| error.is_not_found())
    );

    let preview = jobs.preview("0 0 1 1 *", "").await?;
    assert_eq!(preview.next.len(), 5);
    let error = jobs
        .preview("now and then", "")
        .await
        .expect_err("it is no schedule");
    assert!(error.field("schedule").is_some());
    jobs.definitions().delete(&job.id).await
}

#[tokio::test]
async fn several_changes_at_once() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    let allow = json!({ "batch": { "enabled": true } });
    let settings = client.settings().update(&allow).await?;
    assert!(settings.batch.enabled && settings.batch.max_requests > 0);
    assert_eq!(client.settings().get().await?, settings);
    let request = |method: &str, url: &str, body: Value| BatchRequest {
        method: method.to_owned(),
        url: url.to_owned(),
        body: body.as_object().cloned().unwrap_or_default(),
        ..BatchRequest::default()
    };
    let roles = "/api/collections/_roles/records";
    let one = format!("{roles}/sdkbatch0000000");
    let role = json!({ "id": "sdkbatch0000000", "name": "sdk_batch" });
    let requests = vec![
        request("PUT", roles, role),
        request("DELETE", &one, json!({})),
    ];
    let results = client.batch(&Batch { requests }).await?;
    assert_eq!((results[0].status, results[1].status), (200, 204));
    assert_eq!(results[0].body["name"], "sdk_batch");

    let requests = vec![request("PATCH", &one, json!({ "name": "x" }))];
    let refused = client.batch(&Batch { requests }).await;
    let refused = refused.expect_err("nothing is there");
    assert_eq!(refused.code("requests.0"), Some("batch_request_failed"));
    Ok(())
}

#[tokio::test]
async fn the_log() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    // The sign-in itself is in it, within seconds.
    let signed_in = "message ~ 'auth-with-password'";
    for _ in 0..60 {
        let page = client.logs().list().filter(signed_in).send().await?;
        if let Some(log) = page.items.into_iter().next() {
            assert_eq!(log.data["type"], "request");
            assert_eq!(client.logs().get(&log.id).await?, log);
            let hours = client.logs().stats(signed_in).await?;
            assert!(hours.iter().all(|hour| hour.total > 0), "{hours:?}");
            assert!(!hours.is_empty());
            let refused = client.logs().stats("nothing = 1").await;
            assert!(refused.is_err_and(|error| error.is_invalid()));
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    panic!("nothing was logged");
}
