DROP TABLE "_removed_files";
