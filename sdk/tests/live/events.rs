//! Subscriptions.

use futures_util::StreamExt;
use plinth_sdk::{Error, Event, filter};
use serde_json::json;

use crate::support::{Film, drop_collection, film, films, fresh, guest, superuser};

#[tokio::test]
async fn subscriptions_hear_of_changes() {
    let root = superuser().await;
    let mut definition = films("sdk_heard");
    definition.list_rule = Some("year > 2000".into());
    definition.view_rule = Some(String::new());
    fresh(&root, definition).await;
    let heard = root.collection::<Film>("sdk_heard");
    let guests = guest().collection::<Film>("sdk_heard");

    let mut all = heard.subscribe("*");
    let mut recent = guests.subscribe_where("*", &filter!("rating > {}", 5));
    assert_eq!(next(&mut all).await, Event::Connected);
    assert_eq!(next(&mut recent).await, Event::Connected);
    let old = heard.create(&film("Old", 1990, 9.0)).await.expect("a film");
    let bad = heard.create(&film("Bad", 2010, 1.0)).await.expect("a film");
    let good = heard
        .create(&film("Good", 2020, 8.0))
        .await
        .expect("a film");
    let mut one = guests.subscribe(&bad.id);
    assert_eq!(next(&mut one).await, Event::Connected);
    let change = json!({"rating": 6});
    let better = heard.update(&bad.id, &change).await;
    let better = better.expect("it can be changed");
    heard.delete(&bad.id).await.expect("it can be deleted");

    assert_eq!(
        next(&mut recent).await.record(),
        Some(("created", good.title.clone()))
    );
    assert_eq!(
        next(&mut recent).await.record(),
        Some(("updated", better.title.clone()))
    );
    for (kind, title) in [
        ("created", &old.title),
        ("created", &bad.title),
        ("created", &good.title),
        ("updated", &better.title),
        ("deleted", &better.title),
    ] {
        assert_eq!(next(&mut all).await.record(), Some((kind, title.clone())));
    }
    assert_eq!(next(&mut one).await, Event::Updated(better));
    assert_eq!(
        next(&mut one).await.record(),
        Some(("deleted", "Bad".into()))
    );

    let mut nothing = heard.subscribe("..");
    let refused = nothing.next().await.expect("an answer");
    assert!(matches!(refused, Err(Error::Request(_))), "{refused:?}");
    assert!(nothing.next().await.is_none());
    drop_collection(&root, "sdk_heard").await;
}

async fn next(
    events: &mut (impl futures_util::Stream<Item = plinth_sdk::Result<Event<Film>>> + Unpin),
) -> Event<Film> {
    events.next().await.expect("an event").expect("a good one")
}

/// What happened to the film of which title.
trait Told {
    fn record(self) -> Option<(&'static str, String)>;
}

impl Told for Event<Film> {
    fn record(self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::Connected => return None,
            Self::Created(film) => ("created", film.title),
            Self::Updated(film) => ("updated", film.title),
            Self::Deleted(film) => ("deleted", film.title),
        })
    }
}
