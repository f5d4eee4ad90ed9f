#!/bin/bash
# Well is a server that answers.
exec /opt/secantusdb/bin/python -c '
import pymongo
server = pymongo.MongoClient("mongodb://127.0.0.1/?directConnection=true", serverSelectionTimeoutMS=3000)
server.admin.command("ping")
'
