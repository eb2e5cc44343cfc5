// Every scenario, in the order in which they are played.
import transport from "./transport.mjs";
import collections from "./collections.mjs";
import collectionErrors from "./collection-errors.mjs";
import collectionChanges from "./collection-changes.mjs";
import imports from "./import.mjs";
import values from "./values.mjs";
import modifiers from "./modifiers.mjs";
import lists from "./lists.mjs";
import filters from "./filters.mjs";
import operators from "./operators.mjs";
import calls from "./calls.mjs";
import rules from "./rules.mjs";
import createRules from "./create-rules.mjs";
import requestRules from "./request-rules.mjs";
import accounts from "./accounts.mjs";
import attached from "./attached.mjs";
import oauth2 from "./oauth2.mjs";
import factors from "./factors.mjs";
import mail from "./mail.mjs";
import views from "./views.mjs";
import files from "./files.mjs";
import deletions from "./deletions.mjs";
import bodies from "./bodies.mjs";
import batch from "./batch.mjs";
import settings from "./settings.mjs";
import logs from "./logs.mjs";

export const scenarios = [
  transport, collections, collectionErrors, collectionChanges, imports, values, modifiers, lists, filters, operators, calls,
  rules, createRules, requestRules, accounts, attached, oauth2, factors, mail, files, views, deletions, bodies, batch, settings, logs,
].flat();
