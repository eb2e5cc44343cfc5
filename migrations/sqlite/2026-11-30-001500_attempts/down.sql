DROP TABLE "_attempts";
