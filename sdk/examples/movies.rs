//! Fills a server with 3,201 films, and asks it about them.
//!
//! ```text
//! npm --prefix e2e/compat install
//! PLINTH_EMAIL=root@example.com PLINTH_PASSWORD=1234567890 \
//!     cargo run -p plinth-sdk --example movies -- http://127.0.0.1:8090
//! ```
//!
//! It signs in as a superuser, and **deletes the collection `movies`** if there is one. The films
//! are those of the npm package `vega-datasets`; another file like its `data/movies.json` can be
//! given after the URL.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a program of its own, whose settings are its arguments and environment"
)]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use futures_util::{StreamExt, TryStreamExt, stream};
use plinth_sdk::types::{Collection, Field};
use plinth_sdk::{Client, Record, filter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FILMS: &str = "e2e/compat/node_modules/vega-datasets/data/movies.json";

/// How many films are under way at the same time.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let url = arguments
        .next()
        .unwrap_or_else(|| "http://127.0.0.1:8090".into());
    let films = read_films(arguments.next().map_or_else(default_path, PathBuf::from))?;
    let email = setting("PLINTH_EMAIL")?;
    let password = setting("PLINTH_PASSWORD")?;

    let client = Client::new(&url)?;
    let superusers = client.collection::<Record>("_superusers");
    superusers.auth_with_password(email, password).await?;

    recreate_collection(&client, &films).await?;
    import(&client, &films).await?;
    show_best(&client, "Drama").await?;
    show_that_guests_are_refused(&client).await
}

/// A film, as a record of the collection.
///
/// Text and numbers of records are never null: what the dataset does not know is empty or 0, and
/// listed in `unknown`, since some films really took $0.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Movie {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    title: String,
    released: String,
    director: String,
    distributor: String,
    mpaa_rating: String,
    genre: String,
    source: String,
    creative_type: String,
    running_time: u32,
    us_gross: u64,
    worldwide_gross: u64,
    us_dvd_sales: u64,
    production_budget: u64,
    rotten_tomatoes: u32,
    imdb_rating: f64,
    imdb_votes: u64,
    unknown: Vec<String>,
}

/// The names of fields that a film may have nothing in.
const MAY_BE_UNKNOWN: [&str; 9] = [
    "title",
    "runningTime",
    "usGross",
    "worldwideGross",
    "usDvdSales",
    "productionBudget",
    "rottenTomatoes",
    "imdbRating",
    "imdbVotes",
];

/// A film, as it is in the dataset.
#[derive(Debug, Deserialize)]
struct Film {
    /// A number, for films such as “300”; once, nothing.
    #[serde(rename = "Title")]
    title: Value,
    /// Like `Jun 12 1998`.
    #[serde(rename = "Release Date")]
    released: String,
    #[serde(rename = "Director")]
    director: Option<String>,
    #[serde(rename = "Distributor")]
    distributor: Option<String>,
    #[serde(rename = "MPAA Rating")]
    mpaa_rating: Option<String>,
    #[serde(rename = "Major Genre")]
    genre: Option<String>,
    #[serde(rename = "Source")]
    source: Option<String>,
    #[serde(rename = "Creative Type")]
    creative_type: Option<String>,
    #[serde(rename = "Running Time min")]
    running_time: Option<u32>,
    #[serde(rename = "US Gross")]
    us_gross: Option<u64>,
    #[serde(rename = "Worldwide Gross")]
    worldwide_gross: Option<u64>,
    #[serde(rename = "US DVD Sales")]
    us_dvd_sales: Option<u64>,
    #[serde(rename = "Production Budget")]
    production_budget: Option<u64>,
    #[serde(rename = "Rotten Tomatoes Rating")]
    rotten_tomatoes: Option<u32>,
    #[serde(rename = "IMDB Rating")]
    imdb_rating: Option<f64>,
    #[serde(rename = "IMDB Votes")]
    imdb_votes: Option<u64>,
}

impl TryFrom<Film> for Movie {
    type Error = Box<dyn Error>;

    fn try_from(film: Film) -> Result<Self, Self::Error> {
        let known = [
            !film.title.is_null(),
            film.running_time.is_some(),
            film.us_gross.is_some(),
            film.worldwide_gross.is_some(),
            film.us_dvd_sales.is_some(),
            film.production_budget.is_some(),
            film.rotten_tomatoes.is_some(),
            film.imdb_rating.is_some(),
            film.imdb_votes.is_some(),
        ];
        let unknown = MAY_BE_UNKNOWN
            .into_iter()
            .zip(known)
            .filter(|(_, known)| !known);
        let title = match film.title {
            Value::Null => String::new(),
            Value::Number(number) => number.to_string(),
            Value::String(title) => title,
            other @ (Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(format!("{other} is not a title").into());
            }
        };
        let released = jiff::civil::Date::strptime("%b %d %Y", &film.released)?;
        Ok(Self {
            id: String::new(),
            title,
            released: format!("{released} 00:00:00.000Z"),
            director: film.director.unwrap_or_default(),
            distributor: film.distributor.unwrap_or_default(),
            mpaa_rating: film.mpaa_rating.unwrap_or_default(),
            genre: film.genre.unwrap_or_default(),
            source: film.source.unwrap_or_default(),
            creative_type: film.creative_type.unwrap_or_default(),
            running_time: film.running_time.unwrap_or_default(),
            us_gross: film.us_gross.unwrap_or_default(),
            worldwide_gross: film.worldwide_gross.unwrap_or_default(),
            us_dvd_sales: film.us_dvd_sales.unwrap_or_default(),
            production_budget: film.production_budget.unwrap_or_default(),
            rotten_tomatoes: film.rotten_tomatoes.unwrap_or_default(),
            imdb_rating: film.imdb_rating.unwrap_or_default(),
            imdb_votes: film.imdb_votes.unwrap_or_default(),
            unknown: unknown.map(|(name, _)| name.to_owned()).collect(),
        })
    }
}

/// Every account may read the films, and only superusers may write them.
async fn recreate_collection(client: &Client, films: &[Movie]) -> Result<(), Box<dyn Error>> {
    match client.collections().delete("movies").await {
        Err(error) if !error.is_not_found() => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let one_of = |name: &str, value: fn(&Movie) -> &String| {
        let values: BTreeSet<_> = films.iter().map(value).filter(|v| !v.is_empty()).collect();
        Field::select(name, values)
    };
    let signed_in = Some("@request.auth.id != ''".to_owned());
    let movies = Collection {
        list_rule: signed_in.clone(),
        view_rule: signed_in,
        fields: vec![
            Field::text("title"),
            Field::date("released").required(),
            Field::text("director"),
            Field::text("distributor"),
            one_of("mpaaRating", |film| &film.mpaa_rating),
            one_of("genre", |film| &film.genre),
            one_of("source", |film| &film.source),
            one_of("creativeType", |film| &film.creative_type),
            Field::number("runningTime"),
            Field::number("usGross"),
            Field::number("worldwideGross"),
            Field::number("usDvdSales"),
            Field::number("productionBudget"),
            Field::number("rottenTomatoes"),
            Field::number("imdbRating"),
            Field::number("imdbVotes"),
            Field::select("unknown", MAY_BE_UNKNOWN).multiple(9),
        ],
        indexes: vec!["CREATE INDEX idx_movies_best ON movies (genre, imdbRating)".into()],
        ..Collection::base("movies")
    };
    client.collections().create(&movies).await?;
    Ok(())
}

async fn import(client: &Client, films: &[Movie]) -> Result<(), Box<dyn Error>> {
    let movies = client.collection::<Record>("movies");
    let start = Instant::now();
    stream::iter(films)
        .map(|film| movies.create(film))
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await?;
    let seconds = start.elapsed().as_secs_f64();
    let total = movies.list().per_page(1).send().await?.total_items;
    println!("{total} films are in, after {seconds:.1} seconds.");
    Ok(())
}

async fn show_best(client: &Client, genre: &str) -> Result<(), Box<dyn Error>> {
    let best = client
        .collection::<Movie>("movies")
        .list()
        .filter(filter!("genre = {} && imdbVotes >= {}", genre, 1000))
        .sort("-imdbRating,title")
        .per_page(10)
        .send()
        .await?;
    println!(
        "\nThe best of {} films of the genre {genre}:",
        best.total_items
    );
    for film in best.items {
        println!(
            "{:>5} {} ({:.4})",
            film.imdb_rating, film.title, film.released
        );
    }
    Ok(())
}

async fn show_that_guests_are_refused(client: &Client) -> Result<(), Box<dyn Error>> {
    let films = client.collection::<Movie>("movies");
    let film = films
        .first("title != ''")
        .await?
        .ok_or("there are no films")?;

    let guest = Client::new(client.url())?;
    let movies = guest.collection::<Record>("movies");
    println!("\nA guest");
    println!(
        "  sees {} films in the list",
        movies.list().send().await?.total_items
    );
    for (attempt, outcome) in [
        ("views a film", movies.get(&film.id).await.map(drop)),
        (
            "creates a film",
            movies.create(&json!({ "title": "Mine" })).await.map(drop),
        ),
        ("deletes a film", movies.delete(&film.id).await),
    ] {
        match outcome {
            Err(error) if error.problem().is_some() => println!("  {attempt}: {error}"),
            Err(error) => return Err(error.into()),
            Ok(()) => return Err(format!("a guest {attempt}, and nobody stops them").into()),
        }
    }
    Ok(())
}

fn read_films(path: PathBuf) -> Result<Vec<Movie>, Box<dyn Error>> {
    if !path.exists() {
        let path = path.display();
        return Err(
            format!("{path} is missing; get it with: npm --prefix e2e/compat install").into(),
        );
    }
    let films: Vec<Film> = serde_json::from_slice(&fs::read(path)?)?;
    films.into_iter().map(Movie::try_from).collect()
}

/// Where npm puts the films, from wherever in the repository this is run.
fn default_path() -> PathBuf {
    let here = PathBuf::from(FILMS);
    if here.exists() {
        here
    } else {
        PathBuf::from("..").join(FILMS)
    }
}

fn setting(name: &str) -> Result<String, Box<dyn Error>> {
    env::var(name).map_err(|_| {
        format!("{name} is not set: PLINTH_EMAIL and PLINTH_PASSWORD are those of a superuser")
            .into()
    })
}
