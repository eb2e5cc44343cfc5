//! The pages: a file each.

mod collection_page;
mod collections;
mod confirm;
mod definition;
mod forgotten;
mod jobs;
mod logs;
mod mails;
mod not_for_you;
mod not_found;
mod overview;
mod password;
mod records;
mod roles;
mod settings;
mod setup;
mod shell;
mod sign_in;

use collection_page::CollectionPage;
pub(crate) use collections::Collections;
pub(crate) use confirm::{Confirm, Link};
pub(crate) use definition::{Definition, NewCollection};
pub(crate) use forgotten::Forgotten;
pub(crate) use jobs::{JobDefinition, JobRuns, Jobs, NewJob};
pub(crate) use logs::Logs;
pub(crate) use mails::{MailPage, Mails};
use not_for_you::NotForYou;
pub(crate) use not_found::NotFound;
pub(crate) use overview::Overview;
pub(crate) use records::Records;
pub(crate) use roles::{CheckAccess, NewRole, RolePage, Roles};
pub(crate) use settings::Settings;
pub(crate) use setup::Setup;
pub(crate) use shell::{Schema, Shell};
pub(crate) use sign_in::SignIn;
