//! Lists, filters, streams.

use futures_util::TryStreamExt;
use plinth_sdk::{Filter, filter};

use crate::support::{Film, drop_collection, fill, film, films, fresh, superuser, titles};

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_lists")).await;
    let films = client.collection::<Film>("sdk_lists");
    for film in [
        film("Alien", 1979, 8.5),
        film("Aliens", 1986, 8.4),
        film("Brazil", 1985, 7.9),
        film("Cube", 1997, 7.2),
    ] {
        films.create(&film).await?;
    }

    let eighties = filter!("year >= {} && year < {}", 1980, 1990);
    let found = films.list().filter(eighties).sort("-rating").send().await?;
    assert_eq!(titles(&found.items), ["Aliens", "Brazil"]);
    assert_eq!(
        (found.page, found.total_items, found.total_pages),
        (1, 2, 1)
    );

    let found = films
        .list()
        .filter(filter!("title ~ {}", "alien"))
        .filter("year < 1980");
    assert_eq!(titles(&found.send().await?.items), ["Alien"]);

    let second = films
        .list()
        .sort("title")
        .page(2)
        .per_page(3)
        .send()
        .await?;
    assert_eq!(titles(&second.items), ["Cube"]);
    assert_eq!(
        (second.page, second.per_page, second.total_pages),
        (2, 3, 2)
    );

    let uncounted = films.list().skip_total().send().await?;
    assert_eq!((uncounted.total_items, uncounted.total_pages), (-1, -1));

    assert_eq!(
        films
            .first("year > 1990")
            .await?
            .map(|film| film.title)
            .as_deref(),
        Some("Cube")
    );
    assert_eq!(films.first("year > 2000").await?, None);

    let nonsense = films
        .list()
        .filter("year >")
        .send()
        .await
        .expect_err("nonsense is refused");
    assert!(nonsense.is_invalid(), "{nonsense}");
    drop_collection(&client, "sdk_lists").await;
    Ok(())
}

#[tokio::test]
async fn values_stay_values_in_filters() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_quotes")).await;
    let films = client.collection::<Film>("sdk_quotes");
    let odd = [
        "it's",
        "\\",
        "\\'",
        "a\\b\\\\",
        "' || 1=1 //",
        "\\' || 1=1 //",
        "two\nlines\\n\r\n'",
        "\"quoted\"",
        "tab\t%_",
    ];
    for title in odd {
        films.create(&film(title, 1, 0.0)).await?;
    }
    for title in odd {
        let found = films
            .list()
            .filter(filter!("title = {} && year = {}", title, 1))
            .send()
            .await?;
        assert_eq!(titles(&found.items), [title]);
    }
    let future = std::time::UNIX_EPOCH + std::time::Duration::from_secs(32_503_680_000);
    let older = |time| films.list().filter(filter!("created < {}", time)).all();
    assert_eq!(older(future).await?.len(), odd.len());
    assert_eq!(older(std::time::UNIX_EPOCH).await?.len(), 0);
    let any = odd.iter().fold(filter!("year = {}", 2), |any, title| {
        any.or(filter!("title = {}", title))
    });
    assert_eq!(
        films
            .list()
            .filter(any.and(Filter::default()))
            .all()
            .await?
            .len(),
        odd.len()
    );
    drop_collection(&client, "sdk_quotes").await;
    Ok(())
}

#[tokio::test]
async fn streams_turn_the_pages() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_stream")).await;
    let films = client.collection::<Film>("sdk_stream");
    fill(&films, 53).await;

    let mut stream = films.list().sort("title").per_page(10).stream();
    let mut seen = Vec::new();
    while let Some(film) = stream.try_next().await? {
        seen.push(film.year);
    }
    assert_eq!(seen, (0..53).collect::<Vec<_>>());

    // A last page that is full, a filter, and a start in the middle.
    let all = films
        .list()
        .filter("year < 20")
        .sort("-title")
        .per_page(10)
        .all()
        .await?;
    assert_eq!(all.len(), 20);
    assert_eq!(films.list().per_page(10).page(6).all().await?.len(), 3);
    assert_eq!(films.list().all().await?.len(), 53);
    assert_eq!(films.list().filter("year > 100").all().await?.len(), 0);

    let error = films
        .list()
        .filter("nonsense")
        .all()
        .await
        .expect_err("nonsense is refused");
    assert!(error.is_invalid(), "{error}");
    drop_collection(&client, "sdk_stream").await;
    Ok(())
}
