//! Starts the engine's child process, starts it again when it ends, and says where it listens.
//!
//! The port may change with a restart, so callers take the address anew for each call. The child
//! ends with this process in any case: it watches the pipe that is its standard input.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

use super::child::{FOLDER, LIBRARY, SECRET};
use super::locate;
use crate::StoreError;

const START_LIMIT: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a running engine is asked whether it still answers, and how long it may take.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_LIMIT: Duration = Duration::from_secs(10);
/// Pings missed in a row after which a hanging engine is ended and started again.
const MISSED_PINGS: u32 = 3;

/// Where the engine's data, library and program are.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    pub data_dir: PathBuf,
    /// The library, where it is not to be looked for.
    pub libchdb: Option<PathBuf>,
    /// The program that knows the command `clickhouse-engine`; this one unless it is a test.
    pub exe: Option<PathBuf>,
}

/// The supervised engine. Cheap to clone; ends when the last clone is dropped or [`Engine::stop`]
/// is called.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    secret: String,
    /// The port it listens on; `None` while it is not up.
    port: watch::Receiver<Option<u16>>,
    pid: Arc<AtomicU32>,
    restarts: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

impl Engine {
    /// Starts the engine and its supervision. Returns at once; the engine comes up in the background.
    ///
    /// # Errors
    /// When the library is not found: that no waiting will mend.
    pub fn start(config: EngineConfig) -> Result<Self, StoreError> {
        let library = locate::library(config.libchdb.as_deref())?;
        let exe = match config.exe {
            Some(exe) => exe,
            None => std::env::current_exe().map_err(|e| StoreError::Engine(e.to_string()))?,
        };
        std::fs::create_dir_all(&config.data_dir).map_err(|e| StoreError::Engine(e.to_string()))?;
        let secret = format!("{:032x}", rand::random::<u128>());
        let (port, port_seen) = watch::channel(None);
        let (stop, stopping) = watch::channel(false);
        let (ended_tx, ended) = watch::channel(false);
        let (pid, restarts) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
        let keeper = Keeper {
            exe,
            library,
            data_dir: config.data_dir,
            secret: secret.clone(),
            port,
            pid: Arc::clone(&pid),
            restarts: Arc::clone(&restarts),
            stopping,
        };
        tokio::spawn(async move {
            keeper.run().await;
            ended_tx.send_replace(true);
        });
        Ok(Self { shared: Arc::new(Shared { secret, port: port_seen, pid, restarts, stop, ended }) })
    }

    /// Where it listens at the moment.
    pub fn url(&self) -> Option<String> {
        self.shared.port.borrow().map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// The key that requests must carry.
    pub fn secret(&self) -> &str {
        &self.shared.secret
    }

    /// The child's process id; 0 while there is none.
    pub fn pid(&self) -> u32 {
        self.shared.pid.load(Ordering::Relaxed)
    }

    /// How often it had to be started again.
    pub fn restarts(&self) -> u64 {
        self.shared.restarts.load(Ordering::Relaxed)
    }

    /// Ends the engine for good.
    pub async fn stop(&self) {
        self.shared.stop.send_replace(true);
        // An error means the supervisor is gone, and the child with it.
        let _ = self.shared.ended.clone().wait_for(|ended| *ended).await;
    }
}

struct Keeper {
    exe: PathBuf,
    library: PathBuf,
    data_dir: PathBuf,
    secret: String,
    port: watch::Sender<Option<u16>>,
    pid: Arc<AtomicU32>,
    restarts: Arc<AtomicU64>,
    stopping: watch::Receiver<bool>,
}

impl Keeper {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.launch().await {
                Ok((mut child, lifeline, port)) => {
                    pause = FIRST_PAUSE;
                    self.pid.store(child.id().unwrap_or(0), Ordering::Relaxed);
                    self.port.send_replace(Some(port));
                    let stopped = self.watch_over(&mut child, port).await;
                    self.port.send_replace(None);
                    self.pid.store(0, Ordering::Relaxed);
                    end(child, lifeline).await;
                    if stopped {
                        return;
                    }
                    self.restarts.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => tracing::error!(%error, "ClickHouse engine did not start"),
            }
            if *self.stopping.borrow() || self.port.is_closed() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Starts the child and waits for its port. The child ends when its standard input does, and
    /// waiting for a [`Child`] closes that, so the input is handed out apart from it.
    async fn launch(&self) -> Result<(Child, Option<ChildStdin>, u16), StoreError> {
        let mut child = Command::new(&self.exe)
            .arg("clickhouse-engine")
            .env(SECRET, &self.secret)
            .env(LIBRARY, &self.library)
            .env(FOLDER, &self.data_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| StoreError::Engine(e.to_string()))?;
        let lifeline = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| StoreError::Engine("no output".to_owned()))?;
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(START_LIMIT, lines.next_line()).await;
        let line = match first {
            Ok(Ok(Some(line))) => line,
            Ok(_) => return Err(StoreError::Engine("it ended at once".to_owned())),
            Err(_) => return Err(StoreError::Engine(format!("it was not up within {START_LIMIT:?}"))),
        };
        let port = line.trim().parse().map_err(|_| StoreError::Engine(format!("it said `{line}`")))?;
        // Whatever it prints later must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((child, lifeline, port))
    }

    /// Waits until the child ends, hangs, or is to be stopped; `true` when it is to be stopped.
    async fn watch_over(&mut self, child: &mut Child, port: u16) -> bool {
        let mut missed = 0;
        loop {
            tokio::select! {
                ended = child.wait() => {
                    tracing::error!(status = ?ended.ok(), "ClickHouse engine ended, starting it again");
                    return false;
                }
                () = stopped(&mut self.stopping) => return true,
                () = tokio::time::sleep(PING_INTERVAL) => {
                    missed = if ping(port).await { 0 } else { missed + 1 };
                    if missed >= MISSED_PINGS {
                        tracing::error!(missed, "ClickHouse engine does not answer, starting it again");
                        return false;
                    }
                }
            }
        }
    }
}

/// Waits until the engine is to be stopped, or its last handle is dropped.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn end(mut child: Child, lifeline: Option<ChildStdin>) {
    // Closing its input is enough for a child that runs; a hanging one is killed.
    drop(lifeline);
    if tokio::time::timeout(Duration::from_secs(2), child.wait()).await.is_err()
        && let Err(error) = child.kill().await
    {
        tracing::error!(%error, "ClickHouse engine could not be ended");
    }
}

async fn ping(port: u16) -> bool {
    let attempt = async {
        let stream = tokio::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).await.ok()?;
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.ok()?;
        tokio::spawn(connection);
        let request = hyper::Request::get("/ping")
            .header("host", "127.0.0.1")
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .ok()?;
        let answer = sender.send_request(request).await.ok()?;
        Some(answer.status().is_success())
    };
    matches!(tokio::time::timeout(PING_LIMIT, attempt).await, Ok(Some(true)))
}
