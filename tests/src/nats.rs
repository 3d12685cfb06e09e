//! Three NATS servers on loopback, as a cluster that keeps streams. They reach each other through
//! relays, so that the network between them can be cut while clients still reach each.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{client, free_port};
use crate::relay::Relay;

const NODES: usize = 3;

/// A running cluster. Its servers are killed when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: tempfile::TempDir,
    nodes: Vec<Node>,
    /// From each server to each.
    relays: Vec<Vec<Relay>>,
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
        let (mut nodes, mut relays) = (Vec::new(), Vec::new());
        // Servers tell each other where the others are; here that leads nowhere, past no relay.
        let nowhere = free_port();
        for (number, route) in routes.iter().enumerate() {
            let (port, monitor) = (free_port(), free_port());
            let mut to_all = Vec::new();
            for port in &routes {
                to_all.push(Relay::start(*port).await);
            }
            let others = to_all.iter().enumerate().filter(|(other, _)| *other != number);
            let others: Vec<String> =
                others.map(|(_, relay)| format!("nats://127.0.0.1:{}", relay.port())).collect();
            relays.push(to_all);
            let config = format!(
                "server_name: n{number}\nlisten: 127.0.0.1:{port}\nhttp: 127.0.0.1:{monitor}\n\
                 jetstream {{ store_dir: {store:?}, max_mem: 64MB, max_file: 4GB }}\n\
                 cluster {{ name: test, listen: 127.0.0.1:{route}, routes: {others:?}, \
                 advertise: \"127.0.0.1:{nowhere}\" }}\n",
                store = folder.path().join(format!("n{number}")),
            );
            std::fs::write(folder.path().join(format!("n{number}.conf")), config).expect("a configuration");
            nodes.push(Node { child: None, port, monitor });
        }
        let mut cluster = Self { folder, nodes, relays };
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

    /// Cuts the network between a server and the others. Clients still reach it.
    pub fn cut_off(&self, number: usize) {
        self.around(number).for_each(Relay::cut);
    }

    /// Ends the cut.
    pub fn reconnect(&self, number: usize) {
        self.around(number).for_each(Relay::mend);
    }

    /// Every way to a server and from it.
    fn around(&self, number: usize) -> impl Iterator<Item = &Relay> {
        self.relays[number].iter().chain(self.relays.iter().map(move |relays| &relays[number]))
    }

    /// The server to which the program is connected.
    pub async fn server_of_program(&self) -> usize {
        let started = Instant::now();
        loop {
            for (number, node) in self.nodes.iter().enumerate() {
                let url = format!("http://127.0.0.1:{}/connz", node.monitor);
                let Ok(answer) = client().get(url).send().await else { continue };
                let state: Value = answer.json().await.unwrap_or_default();
                let connections = state["connections"].as_array();
                if connections.into_iter().flatten().any(|held| held["name"] == "opentrace") {
                    return number;
                }
            }
            assert!(started.elapsed() < Duration::from_secs(60), "the program is connected to no server");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
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
