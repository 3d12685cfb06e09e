//! The program under test, started and stopped as an operator would.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The token every test server is started with.
pub const ADMIN: &str = "test-admin-token-0123456789abcdef";

/// A running `opentrace serve` on loopback. Killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Option<Child>,
    data: PathBuf,
    port: u16,
    envs: Vec<(String, String)>,
}

/// A site and a key that may collect for it.
#[derive(Clone, Debug)]
pub struct Site {
    pub domain: String,
    pub key: String,
}

/// The built program beside the test's own executable.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its path");
    let folder = own.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let binary = folder.join("opentrace");
    assert!(binary.exists(), "build the program first: cargo build --workspace --bins --tests");
    binary
}

/// Ports below those that systems give to connections: nothing else comes upon one between its
/// choice and its use, or while what listens there is down.
const PORTS: std::ops::Range<u32> = 12_000..32_000;

/// A port nobody listens on at the moment, another one with each call. Processes at once begin at
/// different ones.
pub fn free_port() -> u16 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(0x9E37_79B9) >> 8;
    loop {
        let n = first.wrapping_add(CALLS.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u32;
        let port = (PORTS.start + n) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Program {
    /// Starts the program on `data` and waits until it collects.
    pub async fn start(data: &Path) -> Self {
        Self::start_with(data, &[]).await
    }

    /// Starts with further environment variables.
    pub async fn start_with(data: &Path, envs: &[(&str, &str)]) -> Self {
        let mut program = Self {
            child: None,
            data: data.to_owned(),
            port: free_port(),
            envs: envs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        program.launch();
        program.wait_healthy().await;
        program
    }

    /// Starts the program again on the same data and port.
    pub async fn restart(&mut self) {
        self.launch();
        self.wait_healthy().await;
    }

    /// Sets an environment variable for the next start.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.envs.retain(|(held, _)| held != name);
        self.envs.push((name.to_owned(), value.to_owned()));
    }

    /// Starts the program where it is expected to end by itself: exit code, and what it said.
    pub fn attempt(data: &Path, envs: &[(&str, &str)]) -> (i32, String) {
        let output = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("OPENTRACE_ADMIN_TOKEN", ADMIN)
            .envs(envs.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("the program runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
    }

    fn launch(&mut self) {
        let log = log_file(&self.data);
        let child = Command::new(binary())
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"])
            .arg(&self.data)
            .env("OPENTRACE_ADMIN_TOKEN", ADMIN)
            .envs(self.envs.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        self.child = Some(child);
    }

    /// The process id of the program.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// The processes of a set that this program started and watches over, by their number.
    pub fn processes(&self) -> BTreeMap<usize, u32> {
        let numbered = |pid: u32| Some((process_number(pid)?, pid));
        children_of(self.pid()).into_iter().filter_map(numbered).collect()
    }

    /// The process id of the ClickHouse child.
    pub fn engine_pid(&self) -> Option<u32> {
        children_of(self.pid()).first().copied()
    }

    /// Ends the program as a power cut would: SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the program can be killed");
            child.wait().expect("the program ends");
        }
    }

    /// Waits until the program has ended by itself; returns whether it ended with success.
    pub async fn ended(&mut self) -> bool {
        wait_for_end(&mut self.child).await
    }

    /// Ends the program with SIGTERM and waits; returns whether it ended with success.
    pub fn terminate(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return false };
        signal(child.id(), "TERM");
        child.wait().expect("the program ends").success()
    }

    /// The address of the program.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the program has written to its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.join("server.log")).unwrap_or_default()
    }

    /// Waits until the program collects.
    pub async fn wait_healthy(&mut self) {
        let client = client();
        let started = Instant::now();
        loop {
            if let Ok(answer) = client.get(format!("{}/healthz", self.url())).send().await
                && answer.status().is_success()
            {
                return;
            }
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "the program ended with {ended:?}:\n{}", tail(&self.log()));
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "not up in a minute:\n{}",
                tail(&self.log())
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Makes a site and a key for it.
    pub async fn site(&self, domain: &str) -> Site {
        let site = self.post("/api/v1/sites", &json!({"domain": domain, "timezone": "UTC"})).await;
        assert_eq!(site.0 / 100, 2, "{site:?}");
        let wanted = json!({"name": "test", "site": domain, "scopes": ["collect", "read"]});
        let (status, key) = self.post("/api/v1/keys", &wanted).await;
        assert_eq!(status / 100, 2, "{key}");
        Site { domain: domain.to_owned(), key: key["key"].as_str().expect("a key").to_owned() }
    }

    /// A POST with the admin token: status and body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = client().post(format!("{}{path}", self.url())).bearer_auth(ADMIN).json(body);
        answer(request).await
    }

    /// A POST of a file with the admin token: status and body.
    pub async fn send(&self, path: &str, file: Vec<u8>) -> (u16, Value) {
        answer(client().post(format!("{}{path}", self.url())).bearer_auth(ADMIN).body(file)).await
    }

    /// Any call with the admin token: status and body. Tried again while the program is away.
    pub async fn insist(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let method: reqwest::Method = method.parse().expect("a method");
        let started = Instant::now();
        loop {
            let mut request =
                client().request(method.clone(), format!("{}{path}", self.url())).bearer_auth(ADMIN);
            if let Some(body) = body {
                request = request.json(body);
            }
            let (status, body) = answer(request).await;
            if status != 0 && status != 503 {
                return (status, body);
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{method} {path} gave {status}: {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A GET with the admin token: status and body.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(client().get(format!("{}{path}", self.url())).bearer_auth(ADMIN)).await
    }

    /// Waits until everything accepted is in every view.
    pub async fn settle(&self) {
        let started = Instant::now();
        loop {
            let (status, body) = self.get("/api/v1/status").await;
            let pipeline = &body["pipeline"];
            assert_ne!(pipeline["state"], "failed", "{body}");
            if status == 200 && pipeline["state"] == "running" && pipeline["lag_events"] == 0 {
                return;
            }
            assert!(
                started.elapsed() < Duration::from_secs(300),
                "not settled: {body}\n{}",
                tail(&self.log())
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Answers to a query's first row of metrics, or all rows.
    pub async fn query(&self, query: Value) -> Value {
        let (status, body) = self.post("/api/v2/query", &query).await;
        assert_eq!(status, 200, "{query} gave {body}");
        body
    }

    /// Runs a command of the program against this server: exit code, standard output and error.
    pub fn command(&self, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(binary())
            .args(args)
            .env("OPENTRACE_URL", self.url())
            .env("OPENTRACE_KEY", ADMIN)
            .stdin(Stdio::null())
            .output()
            .expect("the command runs");
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            #[allow(clippy::print_stderr)] // a failing test shows what the program said
            {
                eprintln!("--- end of the program's log ---\n{}", tail(&self.log()));
            }
        }
    }
}

/// A process that works for the one that leads its set. Killed when dropped.
#[derive(Debug)]
pub struct Worker {
    child: Option<Child>,
    data: PathBuf,
    envs: Vec<(String, String)>,
}

impl Worker {
    /// Starts a process whose set and place in it are said by `envs`; it logs to a file in `data`.
    pub fn start(data: &Path, envs: &[(&str, &str)]) -> Self {
        let envs = envs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut worker = Self { child: None, data: data.to_owned(), envs };
        worker.restart();
        worker
    }

    /// Starts the process again.
    pub fn restart(&mut self) {
        let log = log_file(&self.data);
        let child = Command::new(binary())
            .args(["serve", "--data"])
            .arg(self.data.join("nothing-is-kept-here"))
            .envs(self.envs.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the process starts");
        self.child = Some(child);
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Ends the process with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the process can be killed");
            child.wait().expect("the process ends");
        }
    }

    /// Waits until the process has ended by itself; returns whether it ended with success.
    pub async fn ended(&mut self) -> bool {
        wait_for_end(&mut self.child).await
    }

    /// Ends the process with SIGTERM and waits; returns whether it ended with success.
    pub fn terminate(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return false };
        signal(child.id(), "TERM");
        child.wait().expect("the process ends").success()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn log_file(data: &Path) -> std::fs::File {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).open(data.join("server.log")).expect("a log file")
}

async fn wait_for_end(child: &mut Option<Child>) -> bool {
    let started = Instant::now();
    let running = child.as_mut().expect("it was started");
    loop {
        if let Some(status) = running.try_wait().expect("it can be waited for") {
            *child = None;
            return status.success();
        }
        assert!(started.elapsed() < Duration::from_secs(30), "still running after half a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An HTTP client that keeps connections and gives up after half a minute.
pub fn client() -> reqwest::Client {
    // The library takes its cryptography from the process; whoever comes second finds it there.
    let _already = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client")
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let body = answer.bytes().await.unwrap_or_default();
            let parsed = serde_json::from_slice(&body);
            (status, parsed.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned())))
        }
        Err(error) => (0, Value::String(error.to_string())),
    }
}

/// Sends a signal to a process that this test started.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.expect("kill runs").success(), "process {pid} takes {name}");
}

/// The processor time that the dataflow's workers of a process have used so far.
pub fn dataflow_time(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanoseconds = |task: std::fs::DirEntry| -> Option<u64> {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let spent = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        name.starts_with("timely:work").then(|| spent.split_whitespace().next()?.parse().ok())?
    };
    Duration::from_nanos(tasks.filter_map(nanoseconds).sum())
}

/// What a process was told by `--process`.
fn process_number(pid: u32) -> Option<usize> {
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    let mut arguments = line.split('\0').skip_while(|argument| *argument != "--process");
    arguments.nth(1)?.parse().ok()
}

fn children_of(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let direct: Vec<u32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    if !direct.is_empty() {
        return direct;
    }
    // A child started by another thread is listed under that thread.
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
