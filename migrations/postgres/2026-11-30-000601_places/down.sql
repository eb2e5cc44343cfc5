DROP TABLE "_places";
