//! How the driver speaks with the server: what it waits for, and for how long.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, TransactionOptions,
    WriteConcern,
};
use mongodb::{Client, Database};
use simulay_store::StoreError;

use crate::failure::MongoResult;

/// For how long a server is looked for; then it counts as gone.
const SELECTION: Duration = Duration::from_secs(5);

/// Connections to a server at most: what is asked beyond waits for one.
const CONNECTIONS: u32 = 100;

const NO_REPLICA_SET: &str = "the MongoDB server is no replica set, which transactions need; start it with \
    `--replSet NAME` and run `rs.initiate()` once, also when it is the only server";

/// A client of the servers of `uri`. Connects nowhere yet.
pub(crate) async fn client(uri: &str) -> MongoResult<Client> {
    let mut options = ClientOptions::parse(uri).await?;
    options.app_name.get_or_insert_with(|| "simulay".to_owned());
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.connect_timeout.get_or_insert(SELECTION);
    options.max_pool_size.get_or_insert(CONNECTIONS);
    // Whatever the address says: transactions take no other, and others may know less.
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.write_concern = Some(durable());
    options.read_concern = Some(ReadConcern::majority());
    Ok(Client::with_options(options)?)
}

/// Acknowledged when most servers have it in their journals: nothing that happens takes it back.
fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

/// All of a transaction sees one moment, which nothing takes back.
pub(crate) fn transactional() -> TransactionOptions {
    TransactionOptions::builder().read_concern(ReadConcern::snapshot()).write_concern(durable()).build()
}

/// Refuses a server that knows no transactions.
pub(crate) async fn expect_replica_set(database: &Database) -> MongoResult<()> {
    let hello: Document = database.run_command(doc! { "hello": 1 }).await?;
    let routes = hello.get_str("msg").is_ok_and(|message| message == "isdbgrid");
    if routes || hello.contains_key("setName") {
        Ok(())
    } else {
        Err(StoreError::Failed(NO_REPLICA_SET.into()).into())
    }
}
