// Plinth through the eyes of the npm package `pocketbase`, unmodified. Needs a running server:
//   PLINTH_URL=… PLINTH_EMAIL=… PLINTH_PASSWORD=… PLINTH_MAILBOX=… node --test client.test.mjs
// PLINTH_MAILBOX is the folder into which the server's mail server writes (lib/mailbox.mjs).
import "./client/superuser.mjs";
import "./client/collections.mjs";
import "./client/records.mjs";
import "./client/batch.mjs";
import "./client/files.mjs";
import "./client/lists.mjs";
import "./client/relations.mjs";
import "./client/accounts.mjs";
import "./client/mail.mjs";
import "./client/rules.mjs";
import "./client/realtime.mjs";
import "./client/operations.mjs";
import "./client/datasets.mjs";
