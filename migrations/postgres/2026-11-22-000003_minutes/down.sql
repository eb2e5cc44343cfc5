DROP TABLE "_minutes";
