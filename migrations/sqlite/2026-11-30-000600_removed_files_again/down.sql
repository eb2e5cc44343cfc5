DROP INDEX "_removed_files_due";
ALTER TABLE "_removed_files" DROP COLUMN "due";
ALTER TABLE "_removed_files" DROP COLUMN "tries";
