//! A server in a process of its own, to be killed.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{Client, Home, PASSWORD, ROOT, Reply};

/// A running `plinth serve`.
pub struct Process {
    pub child: Child,
    pub client: Client,
}

impl Process {
    /// Starts it and waits until it answers.
    pub fn start(home: &Home) -> Self {
        Self::start_as(home, Command::new("env"))
    }

    /// Starts it by another program, which gets the command line.
    pub fn start_as(home: &Home, program: Command) -> Self {
        let server = Self::spawn(home, program);
        server.wait_until("/api/health", 200);
        server
    }

    /// Starts it with these variables, and waits until it answers.
    pub fn start_with(home: &Home, variables: &[(&str, &str)]) -> Self {
        let mut program = Command::new("env");
        program.envs(variables.iter().copied());
        Self::start_as(home, program)
    }

    /// Starts it by another program, and does not wait.
    pub fn spawn(home: &Home, mut program: Command) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let serve = plinth(home);
        let child = program
            .arg(serve.get_program())
            .args(serve.get_args())
            .current_dir(home.dir.path())
            .args(["serve", "--http", &format!("127.0.0.1:{port}")])
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let client = Client {
            url: format!("http://127.0.0.1:{port}"),
            token: String::new(),
        };
        Self { child, client }
    }

    /// Waits for an answer with this status, and gives it.
    pub fn wait_until(&self, path: &str, status: u16) -> Reply {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let reply = self.client.try_send("GET", path, None, "");
            if let Some(reply) = reply.filter(|reply| reply.status == status) {
                return reply;
            }
            assert!(Instant::now() < deadline, "{path} is never {status}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `kill -TERM`
    pub fn terminate(&self) {
        let mut kill = Command::new("kill");
        let sent = kill.args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end and gives its exit code.
    pub fn end(mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A connection of its own to it.
    pub fn connect(&self) -> TcpStream {
        let address = self.client.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).expect("it listens");
        let timeout = Some(Duration::from_secs(60));
        stream.set_read_timeout(timeout).expect("a timeout");
        stream
    }

    /// `kill -9`
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }

    /// A superuser's way to it.
    pub fn root(&self) -> Client {
        self.client.sign_in("_superusers", ROOT)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary, on this data.
pub fn plinth(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plinth"));
    command
        .current_dir(home.dir.path())
        .arg("--dir")
        .arg(home.dir.path());
    if !home.database_url.is_empty() {
        command.arg("--database-url").arg(&home.database_url);
    }
    let config = home.config();
    if !config.s3_bucket.is_empty() {
        command
            .env("PLINTH_S3_BUCKET", &config.s3_bucket)
            .env("PLINTH_S3_ENDPOINT", &config.s3_endpoint)
            .env("PLINTH_S3_PATH_STYLE", "true")
            .env("PLINTH_S3_ACCESS_KEY", &*config.s3_access_key)
            .env("PLINTH_S3_SECRET", &*config.s3_secret);
    }
    command
}

/// Runs a command to its end, with a standard input.
pub fn run(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // A command that does not read its input may be gone already.
    let _ = child
        .stdin
        .take()
        .expect("an input")
        .write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// Makes the superuser by the command line.
pub fn make_superuser(home: &Home) {
    let mut command = plinth(home);
    command.args(["superuser", "upsert", ROOT, "--password-stdin"]);
    let output = run(command, &format!("{PASSWORD}\n"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
