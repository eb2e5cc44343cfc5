DROP TABLE "_oauth2";
