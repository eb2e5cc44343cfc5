//! `plinth superuser`

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use plinth_sdk::types::{FieldProblem, FieldProblems};
use serde_json::{Value as Json, json};

use crate::accounts;
use crate::app::App;
use crate::config::Config;
use crate::db::Conn;
use crate::error::Error;
use crate::passwords::Line;
use crate::passwords::common::is_common;
use crate::policy::system;
use crate::problems::{COMMON_PASSWORD, INVALID};
use crate::records::write::{self, Input};
use crate::request::Request;
use crate::schema::SUPERUSERS;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create a superuser, or set the password of an existing one
    Upsert {
        /// Email address
        email: String,
        /// Read the password from standard input instead of prompting for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove a superuser's authenticator app, if it is lost with the recovery codes
    RemoveTotp {
        /// Email address
        email: String,
    },
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let (email, password_stdin) = match command {
        Command::Upsert {
            email,
            password_stdin,
        } => (email, password_stdin),
        Command::RemoveTotp { email } => return remove_totp(config, email).await,
    };
    let password = if password_stdin {
        read_password()?
    } else {
        ask_password()?
    };
    if config.database_url.is_empty() {
        config.make_dir()?;
    }
    let app = App::build(config).await?;
    let outcome = upsert(&app, email.clone(), password).await;
    if let Err(Error::Invalid { data, .. }) = &outcome {
        bail!("{}", in_words(data));
    }
    let is_new = outcome?;
    println!(
        "{} the superuser {email}",
        if is_new {
            "Created"
        } else {
            "Changed the password of"
        }
    );
    Ok(())
}

async fn remove_totp(config: &Config, email: String) -> anyhow::Result<()> {
    let app = App::build(config).await?;
    let schema = app.schema.current();
    let collection = schema.find(SUPERUSERS).ok_or_else(Error::missing)?;
    let request = Request::internal(app.clock.now());
    let grant = system(&schema, collection, request, "the operator's own command");
    let wanted = email.clone();
    let remove = move |conn: &mut Conn| {
        let account = accounts::store::find_by(conn, &grant, "email", &wanted)?;
        let account = account.ok_or_else(Error::missing)?;
        accounts::totp::remove(conn, grant.schema(), &account)
    };
    match app.db.write(remove).await {
        Ok(true) => println!("Removed the authenticator app of {email}"),
        Ok(false) => bail!("{email} has no authenticator app"),
        Err(Error::NotFound(_)) => bail!("there is no superuser {email}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn read_password() -> anyhow::Result<String> {
    let mut password = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut password)
        .context("cannot read the password")?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

fn ask_password() -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("give the password on standard input with --password-stdin");
    }
    let password = rpassword::prompt_password("Password: ").context("cannot read the password")?;
    if password != rpassword::prompt_password("Again: ").context("cannot read the password")? {
        bail!("the passwords differ");
    }
    Ok(password)
}

/// Lists the problems of the fields, one per line.
fn in_words(problems: &FieldProblems) -> String {
    let line = |(name, problem): (&String, &FieldProblem)| match problem {
        FieldProblem::Failed { message, .. } | FieldProblem::Broken { message, .. } => {
            format!("{name}: {message}")
        }
        FieldProblem::Inside(inside) => format!("{name}: {}", in_words(inside)),
    };
    problems
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n       ")
}

pub(super) async fn upsert(
    app: &App,
    email: String,
    password: String,
) -> crate::error::Result<bool> {
    if is_common(&password) {
        let problem = COMMON_PASSWORD.problem();
        return Err(Error::field(INVALID, "password", problem));
    }
    let schema = app.schema.current();
    let collection = schema.find(SUPERUSERS).ok_or_else(Error::missing)?;
    let grant = || {
        system(
            &schema,
            collection,
            Request::internal(app.clock.now()),
            "the operator's own command",
        )
    };
    let body = json!({
        "email": email, "password": password, "passwordConfirm": password, "verified": true,
    });
    let mut input = Input::of(body.as_object().cloned().unwrap_or_default());
    let hash = app.hasher.hash(Line::of_server(), password).await?;
    input.hashes.insert("password".to_owned(), hash);
    let (finding, creating, updating) = (grant(), grant(), grant());
    app.db
        .write(move |conn: &mut Conn| {
            match accounts::store::find_by(conn, &finding, "email", &email)? {
                None => write::create(conn, creating, &input).map(|_| true),
                Some(account) => {
                    input.body.insert("id".to_owned(), Json::from(account.id()));
                    let id = account.id().to_owned();
                    write::update(conn, updating, &id, &input).map(|_| false)
                }
            }
        })
        .await
}
