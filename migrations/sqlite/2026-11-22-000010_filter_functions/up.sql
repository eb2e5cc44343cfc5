-- SQLite has strftime itself; geoDistance is a function of the server's (server/src/db/functions.rs).
SELECT 1;
