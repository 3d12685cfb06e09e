//! How the processes of a set find each other.
//!
//! Every process listens. Those that do not lead ask the leader to join and wait; when all have
//! asked, the leader gives the start with the number of its generation, and each connects to those
//! before it. A process that asks again takes the place of its former self.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use super::handshake::{self, Me};
use super::{ClusterConfig, ClusterError, Links, SILENCE};

/// How long either side may take for a step of the handshake.
const STEP: Duration = Duration::from_secs(3);
/// How long the others may take to connect once the start was given.
const MEET: Duration = Duration::from_secs(20);
/// How often it is looked for connections and whether to stop.
const LOOK: Duration = Duration::from_millis(10);
/// Between attempts to reach the leader.
const AGAIN: Duration = Duration::from_millis(200);
/// How often it is logged who is waited for.
const REMIND: Duration = Duration::from_secs(10);

/// A process's place in its set: it listens there.
#[derive(Debug)]
pub struct Seat {
    config: ClusterConfig,
    me: Me,
    listener: TcpListener,
}

impl Seat {
    /// Listens at the place of this process, which is to run `workers` threads.
    ///
    /// # Errors
    /// [`ClusterError::Listen`].
    pub fn take(config: ClusterConfig, workers: usize) -> Result<Self, ClusterError> {
        let address = config.hosts[config.process].clone();
        let listen = || {
            let listener = TcpListener::bind(&address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener =
            listen().map_err(|source| ClusterError::Listen { address: address.clone(), source })?;
        let me = Me { process: config.process, processes: config.hosts.len(), workers };
        Ok(Self { config, me, listener })
    }

    /// How many worker threads each process of the set runs.
    pub(crate) fn workers(&self) -> usize {
        self.me.workers
    }

    /// Waits until everybody has joined the leader, and gives the start. Blocks.
    ///
    /// # Errors
    /// When `stop` says so, or a connection breaks after the start.
    pub(crate) fn lead(&self, generation: u64, stop: impl Fn() -> bool) -> Result<Links, ClusterError> {
        let mut joined: Vec<Option<TcpStream>> = Vec::new();
        joined.resize_with(self.me.processes, || None);
        let mut reminded = Instant::now();
        loop {
            while let Some(mut stream) = self.accept()? {
                match handshake::examine(&mut stream, self.me, None, &self.config.secret) {
                    Ok(hello) => joined[hello.process as usize] = Some(stream),
                    Err(error) => tracing::warn!(%error, code = error.code(), "a process was not let in"),
                }
            }
            joined.iter_mut().for_each(|place| drop(place.take_if(|stream| is_gone(stream))));
            let missing: Vec<usize> =
                (1..joined.len()).filter(|process| joined[*process].is_none()).collect();
            if missing.is_empty() {
                break;
            }
            if stop() {
                return Err(ClusterError::Stopped);
            }
            if reminded.elapsed() > REMIND {
                reminded = Instant::now();
                tracing::warn!(?missing, "waiting for processes of the set");
            }
            std::thread::sleep(LOOK);
        }
        for stream in joined.iter_mut().flatten() {
            handshake::start(stream, generation)?;
        }
        self.links(joined)
    }

    /// Joins the leader and meets the others. Blocks, and tries until the leader is there.
    ///
    /// # Errors
    /// When `stop` says so, when the leader refuses this process, or a connection breaks after the
    /// start.
    pub(crate) fn join(&self, stop: impl Fn() -> bool) -> Result<(Links, u64), ClusterError> {
        let (leader, generation) = self.ask(&stop)?;
        let mut sockets: Vec<Option<TcpStream>> = vec![Some(leader)];
        for address in &self.config.hosts[1..self.me.process] {
            let mut stream = connect(address)?;
            handshake::introduce(&mut stream, self.me, Some(generation), &self.config.secret, address)?;
            handshake::await_start(&mut stream, address)?;
            sockets.push(Some(stream));
        }
        sockets.resize_with(self.me.processes, || None);
        let until = Instant::now() + MEET;
        while sockets[self.me.process + 1..].iter().any(Option::is_none) {
            if stop() {
                return Err(ClusterError::Stopped);
            }
            if Instant::now() > until {
                return Err(std::io::Error::from(ErrorKind::TimedOut).into());
            }
            let Some(mut stream) = self.accept()? else {
                std::thread::sleep(LOOK);
                continue;
            };
            match handshake::examine(&mut stream, self.me, Some(generation), &self.config.secret) {
                Ok(hello) => {
                    handshake::start(&mut stream, generation)?;
                    sockets[hello.process as usize] = Some(stream);
                }
                Err(error) => tracing::warn!(%error, code = error.code(), "a process was not let in"),
            }
        }
        Ok((self.links(sockets)?, generation))
    }

    /// Asks the leader until it gives the start.
    fn ask(&self, stop: impl Fn() -> bool) -> Result<(TcpStream, u64), ClusterError> {
        let address = &self.config.hosts[0];
        let attempt = || -> Result<TcpStream, ClusterError> {
            let mut stream = connect(address)?;
            handshake::introduce(&mut stream, self.me, None, &self.config.secret, address)?;
            Ok(stream)
        };
        let mut reminded = Instant::now();
        loop {
            if stop() {
                return Err(ClusterError::Stopped);
            }
            let started = attempt().and_then(|mut stream| {
                wait_for_word(&stream, &stop)?;
                let generation = handshake::await_start(&mut stream, address)?;
                Ok((stream, generation))
            });
            match started {
                Err(error) if error.is_transient() => {
                    if reminded.elapsed() > REMIND {
                        reminded = Instant::now();
                        tracing::warn!(%error, leader = %address, "waiting for the leader");
                    }
                    std::thread::sleep(AGAIN);
                }
                started => return started,
            }
        }
    }

    /// The next connection, if somebody waits.
    fn accept(&self) -> Result<Option<TcpStream>, ClusterError> {
        match self.listener.accept() {
            Ok((stream, _)) => {
                prepare(&stream)?;
                Ok(Some(stream))
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionAborted) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn links(&self, sockets: Vec<Option<TcpStream>>) -> Result<Links, ClusterError> {
        for stream in sockets.iter().flatten() {
            stream.set_read_timeout(None)?;
            stream.set_write_timeout(None)?;
        }
        Ok(Links { process: self.me.process, sockets })
    }
}

/// Connects with a time limit on each step.
fn connect(address: &str) -> Result<TcpStream, ClusterError> {
    let mut failed = std::io::Error::from(ErrorKind::NotFound);
    for resolved in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&resolved, STEP) {
            Ok(stream) => {
                prepare(&stream)?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed.into())
}

fn prepare(stream: &TcpStream) -> Result<(), ClusterError> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(STEP))?;
    stream.set_write_timeout(Some(STEP))?;
    // A machine that vanishes says nothing; these notice.
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(SILENCE / 4).with_interval(SILENCE / 4))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENCE))?;
    Ok(())
}

/// Whether the other side has closed the connection. It has nothing to say before the start.
fn is_gone(stream: &TcpStream) -> bool {
    let gone = || {
        stream.set_nonblocking(true)?;
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        match peeked {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
            Ok(_) => Ok(true),
        }
    };
    gone().unwrap_or(true)
}

/// Waits for the first byte, however long it takes, or for the end.
fn wait_for_word(stream: &TcpStream, stop: impl Fn() -> bool) -> Result<(), ClusterError> {
    stream.set_read_timeout(Some(AGAIN))?;
    loop {
        match stream.peek(&mut [0]) {
            Ok(0) => return Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(_) => break,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
        if stop() {
            return Err(ClusterError::Stopped);
        }
    }
    Ok(stream.set_read_timeout(Some(STEP))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free_hosts(count: usize) -> Vec<String> {
        let listeners: Vec<_> =
            (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        listeners.iter().map(|listener| listener.local_addr().expect("an address").to_string()).collect()
    }

    fn seat(hosts: &[String], process: usize, secret: &str, workers: usize) -> Seat {
        let config = ClusterConfig { hosts: hosts.to_vec(), process, secret: secret.to_owned() };
        Seat::take(config, workers).expect("a free place")
    }

    /// Stops waiting after a while, so that a defect fails instead of hanging.
    fn patience() -> impl Fn() -> bool {
        let until = Instant::now() + Duration::from_secs(20);
        move || Instant::now() > until
    }

    fn connected(links: &Links) -> Vec<bool> {
        links.sockets.iter().map(Option::is_some).collect()
    }

    #[test]
    fn three_processes_meet_whoever_comes_first() {
        let hosts = free_hosts(3);
        std::thread::scope(|scope| {
            let last = scope.spawn(|| seat(&hosts, 2, "secret", 1).join(patience()).expect("joined"));
            std::thread::sleep(Duration::from_millis(300));
            let leader = scope.spawn(|| seat(&hosts, 0, "secret", 1).lead(7, patience()).expect("led"));
            let middle = scope.spawn(|| seat(&hosts, 1, "secret", 1).join(patience()).expect("joined"));
            let (last, middle) = (last.join().expect("ran"), middle.join().expect("ran"));
            assert_eq!((last.1, middle.1), (7, 7));
            assert_eq!(connected(&last.0), [true, true, false]);
            assert_eq!(connected(&middle.0), [true, false, true]);
            assert_eq!(connected(&leader.join().expect("ran")), [false, true, true]);
        });
    }

    #[test]
    fn one_that_went_before_the_start_is_waited_for_again() {
        let hosts = free_hosts(2);
        std::thread::scope(|scope| {
            let leader = scope.spawn(|| {
                // The start is given only to the second.
                std::thread::sleep(Duration::from_millis(400));
                seat(&hosts, 0, "secret", 1).lead(3, patience()).expect("led")
            });
            let asked = Instant::now();
            let gone = seat(&hosts, 1, "secret", 1).join(|| asked.elapsed() > Duration::from_millis(200));
            assert!(matches!(gone, Err(ClusterError::Stopped)), "{gone:?}");
            assert_eq!(seat(&hosts, 1, "secret", 1).join(patience()).expect("joined").1, 3);
            leader.join().expect("ran");
        });
    }

    #[test]
    fn whoever_is_set_up_differently_is_told_so() {
        let hosts = free_hosts(2);
        let refused = |process: usize, secret: &str, workers: usize, hosts: &[String]| {
            let until = Instant::now() + Duration::from_millis(800);
            std::thread::scope(|scope| {
                let leader = seat(hosts, 0, "secret", 1);
                let led = scope.spawn(move || leader.lead(1, move || Instant::now() > until));
                let joined = seat(hosts, process, secret, workers).join(move || Instant::now() > until);
                assert!(matches!(led.join().expect("ran"), Err(ClusterError::Stopped)));
                joined.expect_err("not let in")
            })
        };
        let error = refused(1, "another", 1, &hosts);
        assert!(matches!(error, ClusterError::Stranger), "{error:?}");
        let error = refused(1, "secret", 2, &hosts);
        assert!(error.to_string().contains("it runs 2 workers, this process 1"), "{error}");
    }

    #[test]
    fn another_generation_is_not_let_in() {
        let hosts = free_hosts(2);
        let listening = seat(&hosts, 0, "secret", 1);
        let stale = Me { process: 1, processes: 2, workers: 1 };
        std::thread::scope(|scope| {
            let connects = scope.spawn(|| {
                let mut stream = connect(&hosts[0]).expect("connected");
                handshake::introduce(&mut stream, stale, Some(4), "secret", &hosts[0])
            });
            let mut stream = loop {
                match listening.accept().expect("listens") {
                    Some(stream) => break stream,
                    None => std::thread::sleep(LOOK),
                }
            };
            let examined = handshake::examine(&mut stream, listening.me, Some(5), "secret");
            assert!(matches!(examined, Err(ClusterError::Refused { .. })));
            let told = connects.join().expect("ran").expect_err("refused").to_string();
            assert!(told.contains("another start (generation 4)"), "{told}");
        });
    }

    #[test]
    fn noise_on_the_port_is_not_let_in() {
        use std::io::Write;
        let hosts = free_hosts(2);
        std::thread::scope(|scope| {
            let leader = scope.spawn(|| seat(&hosts, 0, "secret", 1).lead(9, patience()).expect("led"));
            let mut noise = loop {
                match connect(&hosts[0]) {
                    Ok(stream) => break stream,
                    Err(_) => std::thread::sleep(LOOK),
                }
            };
            noise.write_all(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").expect("written");
            assert_eq!(seat(&hosts, 1, "secret", 1).join(patience()).expect("joined").1, 9);
            leader.join().expect("ran");
        });
    }
}
