-- SQLite keeps JSON as the text that was written.
SELECT 1;
