//! Three NATS servers on loopback, as a cluster that keeps streams.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{client, free_port, signal};

const NODES: usize = 3;

/// A running cluster. Its servers are killed when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: tempfile::TempDir,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    child: Option<Child>,
    port: u16,
    monitor: u16,
}

/// `nats-server`, where the system has it.
fn server() -> PathBuf {
    let known = ["/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"];
    let found = known.iter().map(Path::new).find(|path| path.is_file());
    found.expect("nats-server is installed: scripts/install-nats").to_owned()
}

impl Cluster {
    /// Starts the servers and waits until they have found each other.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let routes: Vec<u16> = (0..NODES).map(|_| free_port()).collect();
        let mut nodes = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            let (port, monitor) = (free_port(), free_port());
            let others: Vec<String> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
            let config = format!(
                "server_name: n{number}\nlisten: 127.0.0.1:{port}\nhttp: 127.0.0.1:{monitor}\n\
                 jetstream {{ store_dir: {store:?}, max_mem: 64MB, max_file: 4GB }}\n\
                 cluster {{ name: test, listen: 127.0.0.1:{route}, routes: {others:?} }}\n",
                store = folder.path().join(format!("n{number}")),
            );
            std::fs::write(folder.path().join(format!("n{number}.conf")), config).expect("a configuration");
            nodes.push(Node { child: None, port, monitor });
        }
        let mut cluster = Self { folder, nodes };
        for number in 0..NODES {
            cluster.launch(number);
        }
        for number in 0..NODES {
            cluster.wait_healthy(number).await;
        }
        cluster
    }

    /// Where clients reach the servers, as the program's setting.
    pub fn url(&self) -> String {
        let urls: Vec<String> =
            self.nodes.iter().map(|node| format!("nats://127.0.0.1:{}", node.port)).collect();
        urls.join(",")
    }

    fn launch(&mut self, number: usize) {
        let log = std::fs::File::create(self.folder.path().join(format!("n{number}.log"))).expect("a log");
        let child = Command::new(server())
            .arg("-c")
            .arg(self.folder.path().join(format!("n{number}.conf")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("nats-server starts");
        self.nodes[number].child = Some(child);
    }

    /// The server that leads a stream.
    pub async fn leader_of(&self, stream: &str) -> usize {
        let started = Instant::now();
        loop {
            for node in &self.nodes {
                let url = format!("http://127.0.0.1:{}/jsz?accounts=true&streams=true", node.monitor);
                let request = client().get(url).timeout(Duration::from_secs(2));
                let Ok(answer) = request.send().await else { continue };
                let state: Value = answer.json().await.unwrap_or_default();
                let streams = state["account_details"][0]["stream_detail"].as_array().cloned();
                let found = streams.into_iter().flatten().find(|held| held["name"] == stream);
                let leader = found.and_then(|held| held["cluster"]["leader"].as_str().map(str::to_owned));
                if let Some(number) = leader.and_then(|name| name[1..].parse().ok()) {
                    return number;
                }
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{stream} has no leader");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends a server as a power cut would.
    pub fn kill(&mut self, number: usize) {
        if let Some(mut child) = self.nodes[number].child.take() {
            child.kill().expect("a server can be killed");
            child.wait().expect("a server ends");
        }
    }

    /// Starts a server again that was killed, and waits until it has caught up.
    pub async fn restart(&mut self, number: usize) {
        self.launch(number);
        self.wait_healthy(number).await;
    }

    /// Cuts a server off: it hears and says nothing, but keeps its connections and what it believes.
    pub fn cut_off(&self, number: usize) {
        signal(self.nodes[number].child.as_ref().map_or(0, Child::id), "STOP");
    }

    /// Ends the cut.
    pub fn reconnect(&self, number: usize) {
        signal(self.nodes[number].child.as_ref().map_or(0, Child::id), "CONT");
    }

    async fn wait_healthy(&mut self, number: usize) {
        let started = Instant::now();
        loop {
            let url = format!("http://127.0.0.1:{}/healthz", self.nodes[number].monitor);
            if client().get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let log = self.folder.path().join(format!("n{number}.log"));
            let ended = self.nodes[number].child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "server {number} ended with {ended:?}:\n{}", said());
            assert!(started.elapsed() < Duration::from_secs(60), "server {number} is not well:\n{}", said());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for number in 0..self.nodes.len() {
            self.kill(number);
        }
    }
}
