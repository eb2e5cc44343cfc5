//! Checks that all servers of a database use the same storage. A directory is separate unless it is shared: then they
//! find the same name in it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::sleep;

use super::storage::private_dir;
use crate::app::App;
use crate::config::Config;
use crate::db::{self, ColumnType, Conn, Value, execute, load, sql};
use crate::error::{Error, Result};
use crate::random::Random;

/// How often a server announces its storage, and for how many seconds that is valid.
const PAUSE: Duration = Duration::from_secs(10);
const KNOWN: i64 = 30;
/// The file that contains the name of a directory.
const NAME: &str = ".place";

/// The storage that this server announces.
#[derive(Debug)]
pub(super) struct Place {
    process: String,
    bucket: String,
    dir: PathBuf,
    /// Whether several servers may use the database.
    has_others: bool,
    /// Whether the configuration says that the directory is shared, or there is a bucket.
    is_shared: bool,
    name: OnceLock<String>,
    random: Random,
}

impl Place {
    pub(super) fn new(config: &Config, random: &Random) -> Self {
        let has_bucket = !config.s3_bucket.is_empty();
        let bucket = format!("{}/{}", config.s3_endpoint, config.s3_bucket);
        Self {
            process: random.id(),
            random: random.clone(),
            bucket: if has_bucket { bucket } else { String::new() },
            dir: config.dir.join("storage"),
            has_others: !config.database_url.is_empty(),
            is_shared: has_bucket || config.shared_dir,
            name: OnceLock::new(),
        }
    }

    /// Returns the name of the bucket or directory; a directory that cannot be written to is not shared.
    fn name(&self) -> &str {
        self.name.get_or_init(|| {
            if !self.bucket.is_empty() {
                return self.bucket.clone();
            }
            name_of(&self.dir, &self.random).unwrap_or_else(|error| {
                tracing::warn!(%error, dir = %self.dir.display(), "the directory of files cannot be used");
                self.process.clone()
            })
        })
    }
}

/// Reads the name in a directory, or writes one if there is none.
fn name_of(dir: &Path, random: &Random) -> io::Result<String> {
    private_dir(dir)?;
    let path = dir.join(NAME);
    if !path.exists() {
        // Written atomically; the first name remains.
        let made = dir.join(format!("{NAME}-{}", random.id()));
        std::fs::write(&made, random.id())?;
        let linked = std::fs::hard_link(&made, &path);
        std::fs::remove_file(&made)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    std::fs::read_to_string(path)
}

/// Refuses to store a file that other servers of the database would not find.
pub(super) async fn check(app: &App) -> Result<()> {
    let place = &app.files.place;
    if !place.has_others || place.is_shared || !is_elsewhere(app).await? {
        return Ok(());
    }
    Err(Error::Storage(anyhow::anyhow!(
        "another server on the database keeps files in a place of its own, and would not find this one: set s3_bucket, \
         or let them share the data directory (shared_dir)"
    )))
}

async fn is_elsewhere(app: &App) -> Result<bool> {
    let name = app.files.place.name().to_owned();
    app.db
        .read_inline(move |conn: &mut Conn| others(conn, &name))
        .await
}

/// Announces the storage of this server until it stops, and warns if another server uses a different one.
pub async fn keep_known(app: App) {
    let place = &app.files.place;
    if !place.has_others {
        return;
    }
    if !place.is_shared {
        tracing::warn!(
            dir = %place.dir.display(),
            "files are kept on this server's own disk: before there is another server on the database, set s3_bucket, or \
             let them share the data directory and say shared_dir = true"
        );
    }
    let mut was_elsewhere = false;
    loop {
        let (process, name) = (place.process.clone(), place.name().to_owned());
        let write = move |conn: &mut Conn| say(conn, &process, &name);
        let said = match app.db.write(write).await {
            Ok(()) => is_elsewhere(&app).await,
            Err(error) => Err(error),
        };
        match said {
            Ok(is_elsewhere) => {
                if is_elsewhere && !was_elsewhere && !place.is_shared {
                    tracing::error!(
                        "another server on the database keeps its files elsewhere: no file is taken until they share a \
                         place (s3_bucket, or one data directory and shared_dir)"
                    );
                }
                was_elsewhere = is_elsewhere;
            }
            Err(error) => tracing::debug!(%error, "cannot say where files are kept"),
        }
        sleep(PAUSE).await;
    }
}

/// Withdraws the announcement of [`keep_known`].
pub async fn forget(app: &App) {
    let place = &app.files.place;
    if !place.has_others {
        return;
    }
    let process = place.process.clone();
    let write = move |conn: &mut Conn| {
        let mut delete = sql(
            conn.dialect(),
            "DELETE FROM \"_places\" WHERE \"process\" = ",
        );
        delete.bind(Value::from(&*process));
        execute(conn, delete).map(drop)
    };
    if let Err(error) = app.db.write(write).await {
        tracing::debug!(%error, "cannot say that files are kept here no more");
    }
}

fn say(conn: &mut Conn, process: &str, name: &str) -> Result<()> {
    let now = db::now(conn)?.unix();
    let mut old = sql(conn.dialect(), "DELETE FROM \"_places\" WHERE \"until\" < ");
    old.bind(Value::Int(now));
    execute(conn, old.cached())?;
    let mut row = sql(conn.dialect(), "INSERT INTO \"_places\" VALUES (");
    row.bind(Value::from(process)).text(", ");
    row.bind(Value::from(name)).text(", ");
    row.bind(Value::Int(now + KNOWN));
    row.text(")").update_existing(&["process"], &["until"]);
    execute(conn, row.cached())?;
    Ok(())
}

/// Whether another server uses a different storage.
fn others(conn: &mut Conn, name: &str) -> Result<bool> {
    let now = db::now(conn)?.unix();
    let mut select = sql(conn.dialect(), "SELECT ");
    select
        .whole("1")
        .text(" FROM \"_places\" WHERE \"until\" >= ");
    select.bind(Value::Int(now));
    select.text(" AND \"place\" <> ").bind(Value::from(name));
    select.text(" LIMIT 1");
    Ok(!load(conn, select.cached(), &[ColumnType::Int])?.is_empty())
}
