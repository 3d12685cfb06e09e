//! How two processes make sure of each other, before timely speaks over the connection.
//!
//! ```text
//! who connects                         who listens
//! Hello {who, what for, nonce}   ──→
//!                                ←──   Welcome {nonce, proof}   or Refused {reason}
//! Proof {proof}                  ──→
//!                                ←──   Start {generation}       or Refused {reason}
//! ```
//!
//! A proof is an HMAC-SHA-256 by the secret over the hello, the listener's nonce and the side that
//! gives it. Messages are a length of 32 bits and the message in postcard's format.

use std::io::{Read, Write};
use std::net::TcpStream;

use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::ClusterError;

/// Changes with the protocol, or with what is exchanged over a connection.
const PROTOCOL: u32 = 1;
/// No message is longer.
const MAX_MESSAGE: usize = 4096;

type Nonce = [u8; 16];
type Digest = [u8; 32];

/// Who connects, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    protocol: u32,
    /// Of the program: two versions build two dataflows.
    version: String,
    pub(super) process: u32,
    processes: u32,
    workers: u32,
    /// The generation it was told by the leader; none when it asks the leader for it.
    pub(super) generation: Option<u64>,
    nonce: Nonce,
}

/// What a process says of itself to all others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Me {
    pub(super) process: usize,
    pub(super) processes: usize,
    pub(super) workers: usize,
}

#[derive(Debug, Serialize, Deserialize)]
enum Reply {
    Welcome { nonce: Nonce, proof: Digest },
    Start { generation: u64 },
    Refused { reason: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct Proof {
    proof: Digest,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Connects,
    Listens,
}

impl Me {
    fn hello(self, generation: Option<u64>) -> Hello {
        Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: self.process as u32,
            processes: self.processes as u32,
            workers: self.workers as u32,
            generation,
            nonce: nonce(),
        }
    }

    /// Why someone who says this cannot be in one set with this process.
    fn objection(self, hello: &Hello) -> Option<String> {
        let mine = self.hello(None);
        if hello.protocol != mine.protocol || hello.version != mine.version {
            return Some(format!("it is version {}, this is {}", hello.version, mine.version));
        }
        if hello.processes != mine.processes {
            return Some(format!(
                "it knows of {} processes, this one of {}",
                hello.processes, mine.processes
            ));
        }
        if hello.workers != mine.workers {
            return Some(format!("it runs {} workers, this process {}", hello.workers, mine.workers));
        }
        (hello.process <= mine.process || hello.process >= mine.processes)
            .then(|| format!("process {} does not connect to process {}", hello.process, mine.process))
    }
}

/// Introduces this process over a new connection, up to the point where it waits for the start.
pub(super) fn introduce(
    stream: &mut TcpStream,
    me: Me,
    generation: Option<u64>,
    secret: &str,
    address: &str,
) -> Result<(), ClusterError> {
    let hello = me.hello(generation);
    send(stream, &hello)?;
    match receive(stream)? {
        Reply::Welcome { nonce, proof } => {
            verify(secret, Side::Listens, &hello, nonce, &proof)?;
            send(stream, &Proof { proof: prove(secret, Side::Connects, &hello, nonce) })
        }
        Reply::Refused { reason } => Err(ClusterError::Refused { address: address.to_owned(), reason }),
        Reply::Start { .. } => Err(ClusterError::Garbled),
    }
}

/// Waits for the start, as long as the connection's time limit says.
pub(super) fn await_start(stream: &mut TcpStream, address: &str) -> Result<u64, ClusterError> {
    match receive(stream)? {
        Reply::Start { generation } => Ok(generation),
        Reply::Refused { reason } => Err(ClusterError::Refused { address: address.to_owned(), reason }),
        Reply::Welcome { .. } => Err(ClusterError::Garbled),
    }
}

/// Makes sure of who connects. The start is the caller's to give.
pub(super) fn examine(
    stream: &mut TcpStream,
    me: Me,
    generation: Option<u64>,
    secret: &str,
) -> Result<Hello, ClusterError> {
    let hello: Hello = receive(stream)?;
    let stale = || {
        let other = hello.generation.map_or_else(|| "none".to_owned(), |number| number.to_string());
        (hello.generation != generation).then(|| format!("it belongs to another start (generation {other})"))
    };
    if let Some(reason) = me.objection(&hello).or_else(stale) {
        send(stream, &Reply::Refused { reason: reason.clone() })?;
        return Err(ClusterError::Refused { address: "the set".to_owned(), reason });
    }
    let nonce = nonce();
    send(stream, &Reply::Welcome { nonce, proof: prove(secret, Side::Listens, &hello, nonce) })?;
    let Proof { proof } = receive(stream)?;
    verify(secret, Side::Connects, &hello, nonce, &proof)?;
    Ok(hello)
}

/// Says that the set is complete.
pub(super) fn start(stream: &mut TcpStream, generation: u64) -> Result<(), ClusterError> {
    send(stream, &Reply::Start { generation })
}

fn nonce() -> Nonce {
    *uuid::Uuid::new_v4().as_bytes()
}

fn mac(secret: &str, side: Side, hello: &Hello, nonce: Nonce) -> Hmac<Sha256> {
    // Keys of any length are taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(match side {
        Side::Connects => b"opentrace cluster: who connects",
        Side::Listens => b"opentrace cluster: who listens.",
    });
    mac.update(&nonce);
    // Plain numbers and a short text always encode.
    mac.update(&postcard::to_stdvec(hello).expect("a hello encodes"));
    mac
}

fn prove(secret: &str, side: Side, hello: &Hello, nonce: Nonce) -> Digest {
    mac(secret, side, hello, nonce).finalize().into_bytes().into()
}

fn verify(secret: &str, side: Side, hello: &Hello, nonce: Nonce, proof: &Digest) -> Result<(), ClusterError> {
    mac(secret, side, hello, nonce).verify_slice(proof).map_err(|_| ClusterError::Stranger)
}

fn send<T: Serialize>(stream: &mut TcpStream, message: &T) -> Result<(), ClusterError> {
    let body = postcard::to_stdvec(message).map_err(|_| ClusterError::Garbled)?;
    let mut framed = (body.len() as u32).to_le_bytes().to_vec();
    framed.extend(body);
    Ok(stream.write_all(&framed)?)
}

/// Reads one message and not a byte more: what follows is timely's.
fn receive<T: DeserializeOwned>(stream: &mut TcpStream) -> Result<T, ClusterError> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_MESSAGE {
        return Err(ClusterError::Garbled);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    postcard::from_bytes(&body).map_err(|_| ClusterError::Garbled)
}
