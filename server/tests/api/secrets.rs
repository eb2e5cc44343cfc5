//! What is secret stays so: in files, in errors, in logs, whatever a setting is mistaken for.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::process::{Process, make_superuser, plinth, run};
use crate::support::{Home, multipart};
use serde_json::json;

fn mode(path: &Path) -> u32 {
    let known = std::fs::metadata(path);
    let known = known.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    known.permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

/// By a shell with the usual mask.
fn usual() -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 022 && exec \"$@\"", "sh"]);
    shell
}

fn upload(server: &Process) -> serde_json::Value {
    let body = multipart(&[("doc", Some("a.txt"), b"hello")]);
    let path = "/api/collections/posts/records";
    let kind = crate::support::MULTIPART;
    server.client.send("POST", path, Some(body), kind).ok()
}

#[test]
fn n76_what_is_made_is_the_servers_alone() {
    let home = Home::new();
    make_superuser(&home);
    let dir = home.dir.path();
    // As an earlier version left it, in a directory that somebody else has made.
    set_mode(dir, 0o755);
    for name in ["data.db", "logs.db"] {
        if dir.join(name).exists() {
            set_mode(&dir.join(name), 0o644);
        }
    }
    std::fs::create_dir_all(dir.join("storage")).expect("a directory");
    set_mode(&dir.join("storage"), 0o755);
    let server = Process::start_as(&home, usual());
    let root = server.root();
    let posts = json!({
        "name": "posts", "createRule": "", "fields": [{"name": "doc", "type": "file"}],
    });
    let posts = root.post("/api/collections", posts).ok();
    let post = upload(&server);
    let mut seen = 0;
    for name in [
        "data.db",
        "data.db-wal",
        "data.db-shm",
        "logs.db",
        "logs.db-wal",
        "plinth.lock",
    ] {
        let path = dir.join(name);
        if path.exists() {
            assert_eq!(mode(&path), 0o600, "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 4 || !home.database_url.is_empty(), "{seen}");
    if home.bucket.is_empty() {
        assert_eq!(mode(&dir.join("storage")), 0o700);
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let doc = text(post["doc"].get(0).unwrap_or(&post["doc"]));
        let of = dir
            .join("storage")
            .join(text(&posts["id"]))
            .join(text(&post["id"]));
        assert_eq!(mode(&of.join(doc)), 0o600);
    }
    server.kill();
    // It is said that the directory is open.
    let mut command = plinth(&home);
    command.args(["migrate", "--log", "warn"]);
    let words = String::from_utf8_lossy(&run(command, "").stderr).into_owned();
    assert!(words.contains("open to other users"), "{words}");
    set_mode(dir, 0o700);
    let mut command = plinth(&home);
    command.args(["migrate", "--log", "warn"]);
    let words = String::from_utf8_lossy(&run(command, "").stderr).into_owned();
    assert!(!words.contains("open to other users"), "{words}");
}

/// All that a command says.
fn said(mut command: Command) -> String {
    command.env("RUST_BACKTRACE", "1");
    let output = run(command, "");
    assert!(!output.status.success());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// Asserts that no four characters of a secret are repeated.
#[track_caller]
fn tells_nothing(secret: &str, words: &str) {
    let characters: Vec<char> = secret.chars().collect();
    for four in characters.windows(4) {
        let piece: String = four.iter().collect();
        assert!(!words.contains(&piece), "{piece} of {secret}: {words}");
    }
}

#[test]
fn o09_no_piece_of_a_password_is_printed() {
    let home = Home::on(String::new());
    for password in [
        "Qv7%Zx9Kj4",
        "Qv7%Zx/9Kj4",
        "Qv7Zx9/Kj4Wp",
        "12/Kj4Wp2RtQv7",
        "Qv7Z@x9Kj4Wp",
        "Qv7Z#x9%Kj4Wp",
        "Qv7Z?x9Kj%4Wp",
        "Qv7Z?x9Kj/4Wp",
        "55/?Qv7Zx9Kj4Wp",
        "55/?Qv7Zx9=Kj4Wp",
        "[Qv7Zx9Kj/4Wp",
        "Qv7Z x9Kj4Wp",
        "Qv7Zx9\\Kj4/Wp",
        "%Qv7Zx9Kj4Wp",
        "Qv7Zx9Kj4Wp%",
        "Qv7Zx9Kj4Wp%00",
    ] {
        let url = format!("postgres://sp:{password}@127.0.0.1:1/x");
        for how in ["flag", "variable", "file"] {
            let mut command = plinth(&home);
            command.arg("migrate");
            match how {
                "flag" => command.args(["--database-url", &url]),
                "variable" => command.env("PLINTH_DATABASE_URL", &url),
                _ => {
                    let file = home.dir.path().join("settings.toml");
                    std::fs::write(&file, format!("database_url = '{url}'")).expect("a file");
                    command.arg("--config").arg(file)
                }
            };
            let words = said(command);
            assert!(words.contains("database URL"), "{words}");
            tells_nothing(password, &words);
        }
    }
}

#[test]
fn o09_no_secret_setting_is_printed_whatever_is_wrong() {
    let home = Home::on(String::new());
    let secret = "Qv7Zx9Kj4Wp";
    let file = |line: &str| {
        let path = home.dir.path().join("settings.toml");
        std::fs::write(&path, line).expect("a file");
        let mut command = plinth(&home);
        command
            .args(["serve", "--http", "127.0.0.1:0", "--config"])
            .arg(path);
        command
    };
    for (line, names) in [
        (
            format!("database_url = \"postgres://sp:{secret}@db"),
            "line 1",
        ),
        (format!("smtp_url = 'smtp://sp:{secret}@db"), "line 1"),
        (format!("s3_secret = {secret}"), "line 1"),
        (format!("s3_secret = \"{secret}\\q\""), "line 1"),
        (format!("metrics_token = [\"{secret}\"]"), "metrics_token"),
        (format!("s3_secret = {{ {secret} = 1 }}"), "s3_secret"),
        ("s3_secret = 773399551188".to_owned(), "s3_secret"),
        ("metrics_token = 773399551188".to_owned(), "metrics_token"),
        ("smtp_url = 7733.99551188".to_owned(), "smtp_url"),
        (format!("s3_secret = '{secret}'"), "s3_access_key"),
        (format!("s3_access_key = '{secret}'"), "s3_access_key"),
        (
            format!("s3_endpoint = 'https://key:{secret}@host'\ns3_bucket = 'b'"),
            "s3_endpoint",
        ),
        (
            format!("s3_endpoint = '{secret}://host'\ns3_bucket = 'b'"),
            "s3_endpoint",
        ),
        (
            format!("s3_access_key = 'k'\ns3_secret = \"{secret}\\n\"\ns3_bucket = 'b'"),
            "s3_secret",
        ),
        (
            format!("s3_access_key = '{secret} k'\ns3_secret = 's'\ns3_bucket = 'b'"),
            "s3_access_key",
        ),
        (
            format!("metrics_token = '{secret} {secret}'"),
            "metrics_token",
        ),
        (
            format!("smtp_url = 'smtp://sp:{secret}/x@mail?tls=required'"),
            "smtp_url",
        ),
        (
            format!("smtp_url = 'smtp://sp:25/{secret}@mail?tls=required'"),
            "smtp_url",
        ),
        (
            format!("smtp_url = 'smtp://sp:25#{secret}@mail?tls=required'"),
            "smtp_url",
        ),
        (
            format!("smtp_url = 'smtp://sp:25?{secret}@mail?tls=required'"),
            "smtp_url",
        ),
        (format!("smtp_url = 'smtp://sp:{secret}@mail'"), "smtp_url"),
    ] {
        let words = said(file(&line));
        assert!(words.contains(names), "{line}: {words}");
        tells_nothing(secret, &words);
        // Shorter pieces of it may be part of a moment.
        assert!(!words.contains("77339955"), "{words}");
    }
    // What is in a wrong place of the command line may be a secret, too.
    let url = format!("postgres://sp:{secret}@db/x");
    for arguments in [
        vec!["serve", &url],
        vec![&url],
        vec!["serve", &format!("--databse-url={url}")],
        vec!["serve", "--databse-url", &url],
        vec!["superuser", "upsert", "a@b.co", secret],
        vec![
            "superuser",
            "upsert",
            "a@b.co",
            &secret.to_ascii_lowercase(),
        ],
        vec!["superuser", &url],
        vec!["serve", &format!("-p{secret}")],
    ] {
        let mut command = plinth(&home);
        command.args(&arguments);
        let words = said(command);
        assert!(words.contains("error"), "{words}");
        tells_nothing(secret, &words);
        tells_nothing(&secret.to_ascii_lowercase(), &words);
    }
}

#[test]
fn o16_a_misspelt_variable_starts_nothing() {
    let home = Home::on(String::new());
    for (slip, meant) in [
        ("PLINTH_DATABSE_URL", "PLINTH_DATABASE_URL"),
        ("PLINTH_DATABASE_ULR", "PLINTH_DATABASE_URL"),
        ("PLINTH_SMTPURL", "PLINTH_SMTP_URL"),
    ] {
        let mut command = plinth(&home);
        command
            .arg("migrate")
            .env(slip, "postgres://ann:Qv7Zx9Kj4Wp@db");
        let words = said(command);
        assert!(words.contains(slip) && words.contains(meant), "{words}");
        tells_nothing("Qv7Zx9Kj4Wp", &words);
        assert!(!home.dir.path().join("data.db").exists());
    }
    // One that is like none is named, and the rest goes on.
    let mut command = plinth(&home);
    command.args(["migrate", "--log", "warn"]);
    command.envs([
        ("PLINTH_BACKUP", "x"),
        ("PLINTH_PORT", "tcp://10.0.0.1:8090"),
    ]);
    let output = run(command, "");
    assert!(output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("PLINTH_BACKUP"), "{words}");
    assert!(!words.contains("PLINTH_PORT"), "{words}");
}
