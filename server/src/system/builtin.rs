//! Definitions of the built-in collections for roles, jobs, mails, sessions and suspensions. Their records have the API of all records, and are
//! checked beyond their fields ([`Check`](crate::schema::Check)). They are not listed among the collections: PocketBase's
//! clients expect PocketBase's there.

use plinth_sdk::types::{AREAS, Collection, Field, FieldKind, RelationOptions, TextOptions, names};

use super::account_data;
use super::defaults::{field_id, id_field, moments, system};

/// The prefix of these collections' ids, which no other collection has.
pub const PREFIX: &str = "_pl_";

/// The actions in permissions.
pub const ACTIONS: [&str; 5] = ["list", "view", "create", "update", "delete"];

/// Returns the definitions.
pub fn all() -> [Collection; 10] {
    [
        roles(),
        permissions(),
        members(),
        jobs(),
        job_runs(),
        mails(),
        account_data::auth_sessions(),
        account_data::suspensions(),
        account_data::totps(),
        account_data::recovery_codes(),
    ]
}

impl crate::schema::Collection {
    /// Whether the collection is built in.
    pub fn is_own(&self) -> bool {
        self.def.id.starts_with(PREFIX)
    }

    /// Whether the records are configuration that all processes keep in memory.
    pub fn is_cached(&self) -> bool {
        let definitions = [names::ROLES, names::PERMISSIONS, names::JOBS];
        definitions.contains(&self.def.name.as_str())
    }
}

fn roles() -> Collection {
    let fields = vec![
        text("name", 100).required(),
        text("description", 500),
        relation("parents", "_pl_roles", false).multiple(20),
        Field::select("areas", AREAS).multiple(10),
    ];
    collection(
        "_pl_roles",
        names::ROLES,
        fields,
        vec!["CREATE UNIQUE INDEX `idx_roles_name` ON `_roles` (`name` COLLATE NOCASE)"],
    )
}

fn permissions() -> Collection {
    let fields = vec![
        relation("role", "_pl_roles", true).required(),
        text("collection", 255).required(),
        Field::select("actions", ACTIONS).multiple(5).required(),
        Field::select("effect", ["allow", "deny"]).required(),
        text("condition", 3500),
        Field::json("fields"),
        Field::json("presets"),
    ];
    collection(
        "_pl_permissions",
        names::PERMISSIONS,
        fields,
        vec!["CREATE INDEX `idx_permissions_role` ON `_permissions` (`role`)"],
    )
}

fn members() -> Collection {
    let fields = vec![
        relation("role", "_pl_roles", true).required(),
        text("collectionRef", 255).required(),
        text("recordRef", 255).required(),
        text("scopeCollection", 255),
        text("scope", 255),
    ];
    collection(
        "_pl_members",
        names::MEMBERS,
        fields,
        vec![
            "CREATE UNIQUE INDEX `idx_members_account` ON `_members` (`recordRef`, `collectionRef`, `role`, `scopeCollection`, `scope`)",
            "CREATE INDEX `idx_members_role` ON `_members` (`role`)",
            "CREATE INDEX `idx_members_scope` ON `_members` (`scope`)",
        ],
    )
}

fn jobs() -> Collection {
    let fields = vec![
        text("name", 100).required(),
        text("schedule", 100).required(),
        text("timezone", 100),
        Field::select("kind", ["http", "mail", "maintenance"]).required(),
        Field::json("payload"),
        whole("timeout", 0.0, 3600.0),
        whole("retries", 0.0, 20.0),
        whole("backoff", 0.0, 86_400.0),
        Field::bool("enabled"),
    ];
    collection(
        "_pl_jobs",
        names::JOBS,
        fields,
        vec!["CREATE UNIQUE INDEX `idx_jobs_name` ON `_jobs` (`name` COLLATE NOCASE)"],
    )
}

fn job_runs() -> Collection {
    let outcomes = [
        "waiting",
        "running",
        "succeeded",
        "failed",
        "lost",
        "skipped",
    ];
    let fields = vec![
        relation("job", "_pl_jobs", true).required(),
        Field::date("due").required(),
        whole("attempt", 1.0, 1000.0).required(),
        Field::select("trigger", ["schedule", "manual"]).required(),
        Field::select("outcome", outcomes).required(),
        Field::date("notBefore"),
        Field::date("started"),
        Field::date("ended"),
        text("output", 65_536),
        text("worker", 100),
        Field::date("lease"),
    ];
    collection(
        "_pl_jobRuns",
        names::JOB_RUNS,
        fields,
        vec![
            "CREATE UNIQUE INDEX `idx_jobRuns_due` ON `_jobRuns` (`job`, `due`, `attempt`)",
            "CREATE INDEX `idx_jobRuns_outcome` ON `_jobRuns` (`outcome`, `notBefore`)",
            "CREATE INDEX `idx_jobRuns_created` ON `_jobRuns` (`created`)",
        ],
    )
}

fn mails() -> Collection {
    let hidden = |field: Field| Field {
        hidden: true,
        ..field
    };
    let fields = vec![
        text("to", 1000).required(),
        text("subject", 998),
        hidden(text("html", 1_000_000)),
        hidden(text("text", 1_000_000)),
        text("kind", 100),
        text("collectionRef", 255),
        text("recordRef", 255),
        Field::select("status", ["waiting", "sending", "sent", "failed", "kept"]).required(),
        whole("attempts", 0.0, 1000.0),
        Field::date("notBefore"),
        Field::date("lease"),
        Field::date("sentAt"),
        text("error", 5000),
    ];
    collection(
        "_pl_mails",
        names::MAILS,
        fields,
        vec![
            "CREATE INDEX `idx_mails_status` ON `_mails` (`status`, `notBefore`)",
            "CREATE INDEX `idx_mails_created` ON `_mails` (`created`)",
        ],
    )
}

/// Makes the definition of a system collection with these fields, an id field and timestamps.
pub(crate) fn collection(
    id: &str,
    name: &str,
    fields: Vec<Field>,
    indexes: Vec<&str>,
) -> Collection {
    let identified = |field: Field| Field {
        id: field_id(&field.kind, &field.name),
        ..field
    };
    let fields = std::iter::once(id_field())
        .chain(fields.into_iter().map(identified))
        .chain(moments());
    Collection {
        id: id.to_owned(),
        system: true,
        fields: fields.map(system).collect(),
        indexes: indexes.into_iter().map(str::to_owned).collect(),
        ..Collection::base(name)
    }
}

/// Makes a text field; with `max` 0, it has at most 5,000 characters.
pub(crate) fn text(name: &str, max: i64) -> Field {
    let options = TextOptions {
        max,
        ..TextOptions::default()
    };
    Field::new(name, FieldKind::Text(options))
}

fn relation(name: &str, collection: &str, cascade_delete: bool) -> Field {
    let options = RelationOptions {
        collection_id: collection.to_owned(),
        max_select: 1,
        cascade_delete,
        ..RelationOptions::default()
    };
    Field::new(name, FieldKind::Relation(options))
}

fn whole(name: &str, min: f64, max: f64) -> Field {
    let options = plinth_sdk::types::NumberOptions {
        min: Some(min),
        max: Some(max),
        only_int: true,
        ..plinth_sdk::types::NumberOptions::default()
    };
    Field::new(name, FieldKind::Number(options))
}
