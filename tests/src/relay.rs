//! A connection between two processes that can be cut, as a network is: nothing gets through, and
//! nobody is told.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes on what comes to its port. Ends with the test's runtime.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    open: watch::Sender<bool>,
}

impl Relay {
    /// A relay to a port on loopback.
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (open, gate) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass_on(near, to, gate.clone()));
            }
        });
        Self { port, open }
    }

    /// Where to connect instead.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing gets through. Connections stay, and what is sent waits.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// What waits gets through, and everything after it.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn pass_on(near: TcpStream, to: u16, mut gate: watch::Receiver<bool>) {
    if gate.wait_for(|open| *open).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    // Each direction ends by itself, as those of a TCP connection do.
    tokio::join!(one_way(near_in, far_out, gate.clone()), one_way(far_in, near_out, gate));
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut gate: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if gate.wait_for(|open| *open).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
