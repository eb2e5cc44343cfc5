DROP TABLE "_params";
DROP TABLE "_totals";
DROP TABLE "_collections";
