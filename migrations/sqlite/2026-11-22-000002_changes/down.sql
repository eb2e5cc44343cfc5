-- See the way up.
SELECT 1;
