// Plinth through the eyes of the npm package `pocketbase`, unmodified. Needs a running server:
//   PLINTH_URL=… PLINTH_EMAIL=… PLINTH_PASSWORD=… node --test client.test.mjs
import "./client/superuser.mjs";
import "./client/collections.mjs";
import "./client/records.mjs";
import "./client/lists.mjs";
import "./client/relations.mjs";
import "./client/accounts.mjs";
import "./client/rules.mjs";
import "./client/realtime.mjs";
import "./client/datasets.mjs";
