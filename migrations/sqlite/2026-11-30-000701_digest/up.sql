-- An index of SQLite takes values of any size.
SELECT 1;
