//! Texts of the pages of roles.

// Roles.
catalogue! {
    logs = "Logs";
    edit = "Edit";
    look_at = "Look";
    description = "Description";
    collection = "Collection";
    built_in = "built in";
    roles_hint = "Roles add to the rules of collections, and take away from them. Their areas make members operators of this console.";
    roles_tabs = "Pages about roles";
    role_tabs = "Parts of the role";
    parents = "Parents";
    parents_help = "The role has the permissions and areas of its parents too.";
    permissions = "Permissions";
    members = "Members";
    by_itself = "automatic";
    new_role = "New role";
    role_created(name: &str) = "{name} is created";
    role_deleted(name: &str) = "{name} is deleted";
    delete_role = "Delete the role";
    delete_role_title(name: &str) = "Delete {name}?";
    delete_role_hint = "Its permissions go with it, and its members lose them at once. This cannot be undone.";
    built_in_name_help = "The server needs this role by its name.";
    console_areas = "Console";
    console_areas_help = "Members can sign in to this console and see these areas.";
    area_changed(name: &str) = "{name}: change";
    area_accounts_read = "Look at the sessions and suspensions of accounts, except superusers'";
    area_accounts_write = "End the sessions of accounts, and suspend accounts, except superusers'";
    area_collections_read = "Look at collections and their rules";
    area_collections_write = "Change collections and their rules";
    area_roles_read = "Look at roles, permissions and members";
    area_jobs_read = "Look at jobs and what became of them";
    area_jobs_write = "Change jobs, and run them";
    area_mails_read = "Look at the outbox, without what the mails say";
    area_metrics_read = "Look at the overview: requests, errors, latencies";
    area_logs_read = "Look at logs";
}

/// Returns the label of an action on records, by its name on the wire.
pub(crate) fn action(name: &str) -> &'static str {
    match name {
        "list" => "List",
        "view" => "View",
        "create" => "Create",
        "update" => "Update",
        _ => "Delete",
    }
}

// Permissions.
catalogue! {
    all_collections = "All collections";
    matrix_hint = "What members may do beyond the collections' rules, and what they may not whatever the rules say. Denying wins.";
    superusers_title = "Superusers may do everything";
    superusers_hint = "No permission changes that.";
    rules_of(name: &str) = "Rules of {name}";
    action_on(action: &str, collection: &str) = "{action} · {collection}";
    says_nothing = "nothing is said";
    allow = "allow";
    deny = "deny";
    where_condition(condition: &str) = "where {condition}";
    only_fields(fields: &str) = "fields {fields}";
    from_role(name: &str) = "from {name}";
    legend_allow = "allows";
    legend_deny = "denies, and wins";
    legend_above = "from a parent, or from all collections";
    legend_condition = "some records";
    legend_fields = "some fields";
    cell_hint = "Everything that is said here counts: who is allowed by one line and denied by another is denied.";
    to_the_role = "To its role";
    add_permission = "Add a permission";
    another = "Another one";
    new_permission_on(collection: &str) = "New permission · {collection}";
    permission_on(collection: &str) = "Permission · {collection}";
    effect = "Effect";
    allow_long = "Allow";
    deny_long = "Deny";
    actions = "Actions";
    condition = "Condition";
    condition_placeholder = "All records. Or a filter, such as owner = @request.auth.id";
    condition_help = "A filter, as in rules: it says for which records. For members in a scope: org = @role.scope.";
    bad_condition(collection: &str, reason: &str) = "In {collection}: {reason}";
    presets = "Presets";
    presets_placeholder = "{\"owner\": \"@request.auth.id\"}";
    presets_help = "Values of fields that new records get, as JSON: @request.auth.id, @role.scope or a value. Fields that the request sets keep what it says.";
    allow_fields_help = "Members see and set these alone. None chosen means all.";
    deny_fields_help = "These are hidden, and no record is. None chosen means that records are denied as a whole.";
}

// Members.
catalogue! {
    account_head = "Account";
    scope = "Scope";
    everywhere = "Everywhere";
    scope_help = "In the scope of a record, members have only permissions whose conditions ask for @role.scope.";
    member_since = "Member since";
    members_total(count: &str) = "{count} in all";
    add_member = "Add a member";
    no_members = "Nobody has this role yet";
    no_members_hint = "Give it to an account. It counts from the next request on.";
    member_added(name: &str) = "{name} has the role";
    already_member(name: &str) = "{name} has the role already";
    member_removed = "The role is taken away";
    remove_member = "Take the role away";
    remove_member_named(name: &str) = "Take the role away from {name}";
    remove_member_title(name: &str, role: &str) = "Take {role} away from {name}?";
    remove_member_hint = "The account stays. It loses what the role allows at once.";
    built_in_members = "This role has its members by itself";
    guest_members = "Everybody who is not signed in.";
    user_members = "Every account that is signed in.";
    superuser_members = "The accounts of _superusers.";
    no_accounts = "There is no collection of accounts";
    no_accounts_hint = "Create a collection of the type Accounts first.";
}

// Check access.
catalogue! {
    check_access = "Check access";
    check_hint = "Asks the server what it would decide, and why. Rules that look at a request's headers, query or body see empty ones here.";
    who = "Who";
    nobody_signed_in = "Somebody who is not signed in";
    does_what = "Does what";
    with_collection = "With records of";
    with_record = "With which record";
    any_record = "Any";
    nothing_chosen_yet = "None is chosen yet";
    clear_choice = "Clear the choice";
    ask_title = "Who, and with which collection?";
    ask_hint = "The answer shows as soon as both are chosen.";
    allowed = "Allowed";
    denied = "Denied";
    depends = "It depends on the record";
    by_open_rule(action: &str) = "The collection's rule “{action}” lets everyone.";
    by_rule_maybe(action: &str) = "The collection's rule “{action}” decides for each record:";
    by_the_rule(action: &str) = "The collection's rule “{action}” holds:";
    by_allow(role: &str) = "A permission of the role {role} allows it.";
    by_allow_where(role: &str) = "A permission of the role {role} allows it where this holds:";
    by_deny(role: &str) = "A permission of the role {role} denies it.";
    by_deny_where(role: &str) = "A permission of the role {role} denies it where this holds:";
    by_several = "Several rules and permissions decide, each for its records. Choose a record to see which.";
    by_nothing_locked(action: &str) = "The collection's rule “{action}” is locked, and no permission allows it.";
    by_nothing(action: &str) = "The collection's rule “{action}” does not hold, and no permission allows it.";
    to_the_rules = "To the rules";
    to_the_permission = "To the permission";
    reached_fields = "These fields alone:";
}
