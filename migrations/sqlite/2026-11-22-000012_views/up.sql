-- SQLite has by itself what PostgreSQL gets here.
SELECT 1;
