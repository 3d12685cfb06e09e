#![allow(clippy::unwrap_used)]

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn addresses_that_are_not_public_are_refused_in_every_disguise() {
    let is = |text: &str| refused(text.parse::<IpAddr>().unwrap(), Allow::PublicOnly);
    for private in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:db8::1",
        "fec0::1",
    ] {
        assert!(is(private), "{private} is not public");
    }
    for public in ["1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"] {
        assert!(!is(public), "{public} is public");
    }
    assert!(!refused("127.0.0.1".parse().unwrap(), Allow::Private));
}

#[test]
fn a_secret_is_read_only_with_its_key_and_for_its_owner() {
    let vault = Vault::new(KEY).unwrap();
    let secret = Secret::new("123456:token");
    let sealed = vault.seal("channel-1", &secret).unwrap();
    assert!(!sealed.windows(5).any(|window| window == b"token"));
    assert_eq!(vault.open("channel-1", &sealed).unwrap(), secret);
    assert_eq!(vault.open("channel-2", &sealed), Err(VaultError::Unreadable));
    let other = Vault::new(&KEY.replace("00", "ff")).unwrap();
    assert_eq!(other.open("channel-1", &sealed), Err(VaultError::Unreadable));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(vault.open("channel-1", &changed), Err(VaultError::Unreadable));
        assert_eq!(vault.open("channel-1", &sealed[..at]), Err(VaultError::Unreadable));
    }
    assert_ne!(vault.seal("channel-1", &secret).unwrap(), sealed, "each has a nonce of its own");
    assert!(Vault::new("short").is_err() && Vault::new(&"é".repeat(32)).is_err());
}

#[test]
fn a_secret_is_not_printed() {
    assert_eq!(format!("{:?}", Some(Secret::new("hush"))), "Some(Secret(…))");
    assert_eq!(format!("{:?}", Vault::new(KEY).unwrap()), "Vault(…)");
}

/// A server that answers every request with a redirect.
async fn redirecting(to: &str) -> (u16, tokio::task::JoinHandle<()>) {
    let (port, task, _) = counting(to).await;
    (port, task)
}

/// The same, and how many requests it had.
async fn counting(to: &str) -> (u16, tokio::task::JoinHandle<()>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let calls = Arc::new(AtomicUsize::new(0));
    let called = Arc::clone(&calls);
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            called.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, task, calls)
}

#[tokio::test]
async fn a_name_of_a_private_address_is_not_called() {
    let (port, server) = redirecting("/").await;
    let url = format!("http://localhost:{port}/");
    let error = client(Allow::PublicOnly, ANSWER).unwrap().post(&url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert!(format!("{error:?}").contains("Private"), "{error:?}");
    let allowed = client(Allow::Private, ANSWER).unwrap().post(&url).send().await.unwrap_err();
    assert!(format!("{allowed:?}").contains("Redirects"), "allowed, it is called: {allowed:?}");
    server.abort();
}

#[tokio::test]
async fn a_redirect_is_checked_as_the_first_target_is() {
    let url = |text: &str| text.parse().unwrap();
    let private = client::check(&url("http://169.254.169.254/latest/meta-data"), Allow::PublicOnly);
    assert_eq!(private.unwrap_err().code(), "target_private");
    assert!(client::check(&url("http://2130706433/"), Allow::PublicOnly).is_err(), "127.0.0.1 as one number");
    assert!(client::check(&url("http://[::ffff:10.0.0.1]/"), Allow::PublicOnly).is_err());
    assert_eq!(client::check(&url("file:///etc/passwd"), Allow::Private), Err(GuardError::Scheme));
    let (port, server) = redirecting("ftp://127.0.0.1/").await;
    let error =
        client(Allow::Private, ANSWER).unwrap().post(format!("http://127.0.0.1:{port}/")).send().await;
    assert!(error.is_err() || error.unwrap().status().is_redirection(), "another scheme is not followed");
    server.abort();
}

/// The first target is written as an address, which only its caller checks: so it can stand for a public one.
#[tokio::test]
async fn nobody_is_led_into_a_private_network() {
    let (inner, server, calls) = counting("/").await;
    for (target, said) in [
        (format!("http://127.0.0.1:{inner}/"), "127.0.0.1"),
        (format!("http://localhost:{inner}/"), "localhost"),
    ] {
        let (outer, leading) = redirecting(&target).await;
        let post = |allow| client(allow, ANSWER).unwrap().post(format!("http://127.0.0.1:{outer}/")).send();
        let error = post(Allow::PublicOnly).await.unwrap_err();
        assert!(format!("{error:?}").contains(&format!("Private(\"{said}\")")), "{error:?}");
        assert_eq!(calls.load(Ordering::SeqCst), 0, "{target} was not called");
        let allowed = post(Allow::Private).await.unwrap_err();
        assert!(format!("{allowed:?}").contains("Redirects"), "{allowed:?}");
        assert!(calls.swap(0, Ordering::SeqCst) > 0, "where it is allowed it is");
        leading.abort();
    }
    server.abort();
}
