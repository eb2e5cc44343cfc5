DROP FUNCTION "_begin_write"();
DROP TABLE "_answers";
DROP TABLE "_listeners";
DROP TABLE "_changes";
