DROP TABLE "_logs";
