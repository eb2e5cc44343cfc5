//! The checks of records of built-in collections.

use plinth_sdk::types::names;

use crate::policy::check;
use crate::records::account_data;
use crate::schema::{Check, Collection};
use crate::{jobs, mail};

/// Gives a built-in collection the check of its records.
pub(super) fn with_check(collection: Collection) -> Collection {
    let check = check_of(&collection);
    Collection {
        check,
        ..collection
    }
}

fn check_of(collection: &Collection) -> Option<Check> {
    if !collection.is_own() {
        return None;
    }
    let check: Check = match collection.def.name.as_str() {
        names::ROLES => check::role,
        names::PERMISSIONS => |_, schema, record, _, problems| {
            check::permission(schema, record, problems);
            Ok(())
        },
        names::MEMBERS => {
            |conn, schema, record, _, problems| check::member(conn, schema, record, problems)
        }
        names::JOBS => |_, _, record, _, problems| {
            jobs::check(record, problems);
            Ok(())
        },
        names::SUSPENSIONS => |_, schema, record, _, problems| {
            account_data::check_suspension(schema, record, problems);
            Ok(())
        },
        names::MAILS => |_, _, record, _, problems| {
            mail::check(record, problems);
            Ok(())
        },
        _ => |_, _, _, _, _| Ok(()),
    };
    Some(check)
}
