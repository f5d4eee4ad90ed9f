#!/bin/bash
# Well is a member that can be written to. The first look makes the replica set; what is there already is left alone.
# Asking starts a program of a second or two: who was well is asked again when 25 seconds have passed.
well=/tmp/well
[ -z "$(find $well -newermt '-25 seconds' 2>/dev/null)" ] || exit 0
# The password is read where no list of processes shows it.
mongosh --quiet --nodb --eval '
const password = encodeURIComponent(require("fs").readFileSync("/run/secrets/mongodb_password", "utf8").trim());
const admin = new Mongo(`mongodb://simulay:${password}@127.0.0.1:27017/?directConnection=true`).getDB("admin");
try { admin.runCommand({ replSetGetStatus: 1 }); } catch (error) {
    if (error.codeName !== "NotYetInitialized") { throw error; }
    admin.runCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] } });
}
quit(admin.runCommand({ hello: 1 }).isWritablePrimary ? 0 : 1);
' && touch $well
