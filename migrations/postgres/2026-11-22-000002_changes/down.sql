DROP FUNCTION "_begin_write"();
DROP TABLE "_listeners";
DROP TABLE "_changes";
