-- A file that cannot be removed is tried again later, after those that can: how often it was tried, and the second
-- before which it is left alone.
ALTER TABLE "_removed_files" ADD COLUMN "tries" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "_removed_files" ADD COLUMN "due" BIGINT NOT NULL DEFAULT 0;
CREATE INDEX "_removed_files_due" ON "_removed_files" ("due", "number");
