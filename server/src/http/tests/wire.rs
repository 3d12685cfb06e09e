//! What only shows on a real connection.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::http::testing::{ADMIN, Server, run};
use crate::http::{routes, serve};

async fn listen(server: &Server) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (address, tokio::spawn(serve(listener, routes(&server.state), 10, server.stop.clone())))
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), work).await.expect("in time")
}

#[test]
fn a_client_that_sends_too_much_sees_the_answer() {
    run(async {
        let server = Server::start().await;
        let (address, _) = listen(&server).await;
        let mut stream = TcpStream::connect(address).await.expect("connects");
        let length = 20_000_000;
        let head = format!(
            "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        // Everything is sent before anything is read, as simple clients do.
        for _ in 0..length / 100_000 {
            within(stream.write_all(&[b'x'; 100_000])).await.expect("the server reads on");
        }
        let mut answer = [0; 12];
        within(stream.read_exact(&mut answer)).await.expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 413");
    });
}

#[test]
fn stopping_ends_streams_and_finishes() {
    run(async {
        let server = Server::start().await;
        let (address, serving) = listen(&server).await;
        let mut idle = TcpStream::connect(address).await.expect("connects");
        let mut stream = TcpStream::connect(address).await.expect("connects");
        let request = format!(
            "GET /api/v1/live?site_id=a.example HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = [0; 15];
        within(stream.read_exact(&mut head)).await.expect("an answer");
        assert_eq!(&head, b"HTTP/1.1 200 OK");

        server.stop.cancel();
        within(serving).await.expect("it ends");
        let mut rest = Vec::new();
        within(stream.read_to_end(&mut rest)).await.expect("the stream ends");
        assert!(rest.ends_with(b"0\r\n\r\n"), "in order, not cut");
        assert_eq!(within(idle.read(&mut [0])).await.expect("closed"), 0);
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    });
}
