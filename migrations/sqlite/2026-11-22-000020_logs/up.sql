-- The log has a file of its own: see sqlite_log.
SELECT 1;
