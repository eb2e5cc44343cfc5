//! The products: how each is started, and who may do what there.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::api::Api;
use crate::args::Args;
use crate::schema::PASSWORD;

pub(crate) const SUPERUSER: &str = "bench@example.com";
pub(crate) const POCKETBASE: &str = "PocketBase";
/// Parse's application, and what shows that it is its owner who asks.
const APPLICATION: &str = "bench";
const MASTER_KEY: &str = "benchmark-master-key";
/// A token of Directus' administrator that stays.
const ADMIN_TOKEN: &str = "benchmark-administrator-token";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Plinth,
    PocketBase,
    Parse,
    Directus,
}

/// What there is to start.
#[derive(Clone)]
pub(crate) struct Product {
    pub(crate) name: &'static str,
    system: System,
    binary: PathBuf,
    database: Option<Database>,
}

/// A database of PostgreSQL, and the process of its server.
#[derive(Clone)]
struct Database {
    url: String,
    pid: Option<u32>,
}

impl Product {
    pub(crate) fn chosen(args: &Args) -> Result<Vec<Self>> {
        let product = |name, system, binary: &Path, url: Option<&String>| {
            let binary = fs::canonicalize(binary).with_context(|| binary.display().to_string())?;
            let pid = args.database_pid;
            let database = url.cloned().map(|url| Database { url, pid });
            Ok::<_, anyhow::Error>(Self {
                name,
                system,
                binary,
                database,
            })
        };
        let mut products = vec![product(
            "Plinth, SQLite",
            System::Plinth,
            &args.plinth,
            None,
        )?];
        if let Some(url) = &args.database_url {
            let name = "Plinth, PostgreSQL";
            products.push(product(name, System::Plinth, &args.plinth, Some(url))?);
        }
        if let Some(binary) = &args.pocketbase {
            products.push(product(POCKETBASE, System::PocketBase, binary, None)?);
        }
        if let Some(binary) = &args.parse {
            let url = args.parse_database_url.as_ref();
            products.push(product(
                "Parse Server, PostgreSQL",
                System::Parse,
                binary,
                url,
            )?);
        }
        if let Some(binary) = &args.directus {
            let url = args.directus_database_url.as_ref();
            products.push(product(
                "Directus, PostgreSQL",
                System::Directus,
                binary,
                url,
            )?);
        }
        Ok(products)
    }

    pub(crate) fn api(&self) -> Api {
        match self.system {
            System::Plinth | System::PocketBase => Api::PocketBase,
            System::Parse => Api::Parse,
            System::Directus => Api::Directus,
        }
    }

    pub(crate) fn is_plinth(&self) -> bool {
        self.system == System::Plinth
    }

    /// The process of its PostgreSQL.
    pub(crate) fn database_pid(&self) -> Option<u32> {
        self.database.as_ref()?.pid
    }

    /// Lets PostgreSQL count what columns hold, as it does by itself within a minute: plans depend on it.
    pub(crate) fn analyze(&self) -> Result<()> {
        let Some(database) = &self.database else {
            return Ok(());
        };
        let mut psql = Command::new("psql");
        let done = psql.args(["-q", &database.url, "-c", "ANALYZE"]).status();
        let done = done.context("psql")?;
        ensure!(done.success(), "psql: {done}");
        Ok(())
    }

    pub(crate) fn version(&self) -> Result<String> {
        if matches!(self.system, System::Parse | System::Directus) {
            return package(&self.binary);
        }
        let output = Command::new(&self.binary).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What its owner shows, where nobody needs to sign in for that.
    pub(crate) fn owner(&self) -> Option<String> {
        match self.system {
            System::Plinth | System::PocketBase => None,
            System::Parse => Some(basic(APPLICATION, MASTER_KEY)),
            System::Directus => Some(format!("Bearer {ADMIN_TOKEN}")),
        }
    }

    /// What everybody shows. Directus' rules are left out of it: its administrator asks.
    pub(crate) fn everybody(&self) -> Option<String> {
        match self.system {
            System::Plinth | System::PocketBase => None,
            System::Parse => Some(basic(APPLICATION, "javascript-key=none")),
            System::Directus => self.owner(),
        }
    }

    /// Makes what it needs before it starts.
    pub(crate) fn prepare(&self, home: &Path, log: &File) -> Result<()> {
        let mut command = self.command(home, log)?;
        match self.system {
            System::Plinth => {
                command.args(["superuser", "upsert", SUPERUSER, "--password-stdin"]);
            }
            System::PocketBase => {
                command.args(["superuser", "upsert", SUPERUSER, PASSWORD]);
            }
            System::Parse => return Ok(()),
            System::Directus => {
                command.arg("bootstrap");
            }
        }
        command.args(self.data(home));
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take()
            && self.is_plinth()
        {
            writeln!(stdin, "{PASSWORD}")?;
        }
        ensure!(child.wait()?.success(), "it could not be set up");
        Ok(())
    }

    pub(crate) fn serve(&self, home: &Path, address: SocketAddr) -> Result<Child> {
        let log = File::options()
            .append(true)
            .open(home.join(crate::server::LOG))?;
        let mut command = self.command(home, &log)?;
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        match self.system {
            System::Plinth | System::PocketBase => {
                command.args(["serve", "--http", &address.to_string()]);
            }
            System::Parse => {
                command.args(["--appId", APPLICATION, "--masterKey", MASTER_KEY]);
                command.args(["--host", &host, "--port", &port, "--logLevel", "error"]);
                command.args(["--allowCustomObjectId", "true"]);
            }
            System::Directus => {
                command.arg("start").env("HOST", host).env("PORT", port);
            }
        }
        command.args(self.data(home));
        Ok(command.stdin(Stdio::null()).spawn()?)
    }

    fn command(&self, home: &Path, log: &File) -> Result<Command> {
        let mut command = Command::new(&self.binary);
        command.current_dir(home);
        command.stdout(log.try_clone()?).stderr(log.try_clone()?);
        command.env("NODE_ENV", "production");
        if let (System::Directus, Some(database)) = (self.system, &self.database) {
            command
                .env("DB_CLIENT", "pg")
                .env("DB_CONNECTION_STRING", &database.url)
                .env("SECRET", MASTER_KEY)
                .env("ADMIN_EMAIL", SUPERUSER)
                .env("ADMIN_PASSWORD", PASSWORD)
                .env("ADMIN_TOKEN", ADMIN_TOKEN)
                .env("LOG_LEVEL", "error")
                // It would refuse requests under load.
                .env("PRESSURE_LIMITER_ENABLED", "false")
                .env("TELEMETRY", "false");
        }
        Ok(command)
    }

    /// Where it keeps its data, as arguments.
    fn data(&self, home: &Path) -> Vec<String> {
        let folder = |name: &str| home.join(name).display().to_string();
        let url = self.database.as_ref().map(|database| database.url.clone());
        match self.system {
            System::Plinth => {
                let url = url.map(|url| ["--database-url".to_owned(), url]);
                let dir = ["--dir".to_owned(), folder("data")];
                dir.into_iter().chain(url.into_iter().flatten()).collect()
            }
            System::PocketBase => ["dir", "migrationsDir", "hooksDir", "publicDir"]
                .into_iter()
                .flat_map(|name| [format!("--{name}"), folder(name)])
                .collect(),
            System::Parse => {
                let url = url.map(|url| ["--databaseURI".to_owned(), url]);
                url.into_iter().flatten().collect()
            }
            System::Directus => Vec::new(),
        }
    }
}

/// The name and version of the npm package that a program belongs to.
fn package(program: &Path) -> Result<String> {
    let mut files = program
        .ancestors()
        .map(|folder| folder.join("package.json"));
    let file = files.find(|file| file.is_file());
    let file = file.with_context(|| format!("{} is in no package", program.display()))?;
    let package: serde_json::Value = serde_json::from_slice(&fs::read(file)?)?;
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    Ok(format!("{} {}", text("name"), text("version")))
}

fn basic(name: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{name}:{password}"))
    )
}
