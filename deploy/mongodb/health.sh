#!/bin/bash
# Well is a member that can be written to. The first look makes the replica set; what is there already is left alone.
exec mongosh --quiet --username simulay --password "$(cat /run/secrets/mongodb_password)" --eval '
try { rs.status(); } catch (error) {
    if (error.codeName !== "NotYetInitialized") { throw error; }
    rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
}
quit(db.hello().isWritablePrimary ? 0 : 1);
'
