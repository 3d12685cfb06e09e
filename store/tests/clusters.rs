//! Segments of visitors on the real engine.

mod common;

use common::{count, open};
use opentrace_store::{ClusterRow, Forgotten};

fn row(visitor: u64, name: &str, epoch: u64) -> ClusterRow {
    ClusterRow { site_id: 1, visitor, cluster: 2, name: name.into(), epoch, ..ClusterRow::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_are_replaced_withdrawn_and_erased() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let named = async |name: &str| {
        let query = format!("SELECT count() FROM visitor_clusters FINAL WHERE name = '{name}'");
        count(&store, &query).await
    };
    store.upsert_clusters(&[row(1, "new", 7), row(2, "new", 7), row(3, "new", 7)]).await.expect("writes");
    // Another model of the same epoch is the one that counts, an earlier epoch is not.
    store.upsert_clusters(&[row(1, "loyal", 7)]).await.expect("writes");
    store.upsert_clusters(&[row(1, "old", 5)]).await.expect("writes");
    store.upsert_clusters(&[ClusterRow { deleted: 1, ..row(2, "new", 8) }]).await.expect("writes");
    assert_eq!((named("loyal").await, named("new").await, named("old").await), (1, 1, 0));

    let first = Forgotten { site_id: 1, visitors: &[1], epoch: 6, before_ms: None };
    store.erase_people(&first).await.expect("erases");
    assert_eq!((named("loyal").await, named("old").await), (0, 0), "of any epoch");
    store.rewrite_erased().await.expect("rewrites");
    store.drop_clusters(1).await.expect("removes");
    assert_eq!(count(&store, "SELECT count() FROM visitor_clusters").await, 0);
    store.stop().await;
}
