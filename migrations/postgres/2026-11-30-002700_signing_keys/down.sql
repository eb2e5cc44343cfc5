DROP TABLE "_signing_keys";
