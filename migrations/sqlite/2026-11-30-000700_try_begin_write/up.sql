-- One process writes, which knows when the collections are being changed.
SELECT 1;
