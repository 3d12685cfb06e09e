//! The engine's HTTP interface, at its edges.

mod common;

use std::time::{Duration, Instant};

use common::{config, count, open};
use opentrace_store::{Engine, Store, StoreError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn connect(store: &Store) -> TcpStream {
    let url = store.engine().and_then(Engine::url).expect("up");
    TcpStream::connect(url.trim_start_matches("http://")).await.expect("connects")
}

fn request(store: &Store, target: &str, rest: &str) -> String {
    let secret = store.engine().expect("embedded").secret();
    format!("POST {target} HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: {secret}\r\nConnection: close\r\n{rest}")
}

async fn exchange(store: &Store, request: &str) -> String {
    let mut stream = connect(store).await;
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("reads");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn until_none_runs(store: &Store, text: &str) {
    let query = format!(
        "SELECT count() FROM system.processes WHERE query LIKE '%{text}%' AND query NOT LIKE '%processes%'"
    );
    let started = Instant::now();
    while count(store, &query).await > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "it still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_ends_with_its_client() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let endless = "SELECT count() FROM numbers(100000000000000) WHERE sipHash64(number) =";
    let plain = format!("{endless} 1");
    let field = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = field("query", &format!("{endless} {{n:UInt64}}")) + &field("param_n", "1") + "--b--\r\n";
    for (kind, body) in [("text/plain", plain), ("multipart/form-data; boundary=b", form)] {
        let mut stream = connect(&store).await;
        let head = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request(&store, "/", &head).as_bytes()).await.expect("writes");
        let running = "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'";
        while count(&store, running).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(stream);
        until_none_runs(&store, "sipHash64").await;
    }
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insert_that_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    store
        .client()
        .query("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
        .execute()
        .await
        .expect("is made");
    let target = "/?query=INSERT+INTO+t+FORMAT+RowBinary";
    // Two whole rows of the three that were announced, then the client is gone.
    let mut stream = connect(&store).await;
    let mut request = request(&store, target, "Content-Length: 24\r\n\r\n").into_bytes();
    request.extend_from_slice(&[7; 16]);
    stream.write_all(&request).await.expect("writes");
    drop(stream);
    until_none_runs(&store, "INSERT INTO t").await;
    assert_eq!(count(&store, "SELECT count() FROM t").await, 0);
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_after_the_first_rows_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let query =
        "SELECT number, throwIf(number = 500000) FROM numbers(1000000) SETTINGS max_block_size = 1000";
    let mut rows = store.client().query(query).fetch::<(u64, u8)>().expect("starts");
    let mut seen = 0;
    let error = loop {
        match rows.next().await {
            Ok(Some(_)) => seen += 1,
            Ok(None) => panic!("the rows ended after {seen} as if they were all"),
            Err(error) => break StoreError::from(error),
        }
    };
    assert!(seen > 0 && seen <= 500_000, "{seen}");
    assert!(matches!(error, StoreError::Refused { code: 395, .. }), "{error}");
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_the_http_interface() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let ask =
        async |target: &str| exchange(&store, &request(&store, target, "Content-Length: 0\r\n\r\n")).await;

    assert!(ask("/ping").await.ends_with("Ok.\n"));
    let json = ask("/?query=SELECT+number+FROM+numbers(200000)&default_format=JSON").await;
    assert!(
        json.starts_with("HTTP/1.1 200") && json.matches("\"rows\": 200000").count() == 1,
        "one whole document"
    );
    assert!(ask("/?query=SHOW+TABLES").await.contains("v_sessions"));
    let unknown = ask("/?query=SELECT+1+FROM+nowhere").await;
    assert!(
        unknown.starts_with("HTTP/1.1 404") && unknown.contains("x-clickhouse-exception-code: 60"),
        "{unknown}"
    );
    let setting = ask("/?query=SELECT+1&no_such_setting=1").await;
    assert!(setting.starts_with("HTTP/1.1 400") && setting.contains("Code: 115."), "{setting}");
    assert!(ask("/?query=SELECT+1&compress=1").await.contains("Code: 48."));
    assert!(ask("/?query=SELECT+1&database=other").await.contains("Code: 81."));
    let stranger =
        exchange(&store, "POST /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(stranger.starts_with("HTTP/1.1 403") && stranger.contains("Code: 516."), "{stranger}");
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_has_one_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let second = Engine::start(config(folder.path())).expect("is tried");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(second.url(), None, "it waits for the folder");
    store.stop().await;
    let started = Instant::now();
    while second.url().is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "the folder is free");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_migration_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let edit = "INSERT INTO schema_migrations (name, checksum, applied_at) \
                SELECT name, 'another', now() + 1 FROM schema_migrations WHERE name = '0002_views'";
    store.client().query(edit).execute().await.expect("is put there");
    let refused = store.migrate().await;
    assert!(
        matches!(&refused, Err(StoreError::MigrationEdited { name }) if name == "0002_views"),
        "{refused:?}"
    );
    store.stop().await;
}
