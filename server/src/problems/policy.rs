//! Problems of roles, permissions, members, and questions about them.

use super::problem_types;

problem_types! { POLICY:
    /// A built-in role would be renamed.
    BUILT_IN_NAME = "validation_built_in_role" "A built-in role can't be renamed.";
    /// A built-in role would get areas of the console.
    BUILT_IN_AREAS = "validation_built_in_role" "A built-in role has no areas: give them to a role whose members you choose.";
    /// A built-in role would get members.
    BUILT_IN_MEMBERS = "validation_built_in_role" "A built-in role has its members by itself.";
    /// A role's name has characters that a name may not have.
    ROLE_NAME = "validation_invalid_format" "Latin letters, digits and .:-_ with single spaces between them; @ is for the built-in roles.";
    /// A role's id is that of an account.
    ROLE_ID = "validation_account_id" "An account has this id.";
    /// A role is its own parent.
    ROLE_OWN_PARENT = "validation_role_cycle" "A role can't be its own parent.";
    /// A role's parents inherit from it.
    ROLE_CYCLE = "validation_role_cycle" "One of the parents has this role above it.";
    /// A chain of parents is longer than 10.
    ROLE_DEPTH = "validation_role_depth" "With these parents, a chain of roles is longer than 10.";
    /// A permission is for superusers, who may do everything.
    SUPERUSER_PERMISSION = "validation_superuser_role" "Superusers may do everything: no permission changes that.";
    /// A member is a superuser, who may do everything.
    SUPERUSER_MEMBER = "validation_superuser_role" "Superusers may do everything: they need no role.";
    /// A permission is for a collection that does not exist.
    PERMISSION_COLLECTION = "validation_unknown_collection" "There is no collection {name}.";
    /// A member is of a collection that does not exist or has no accounts.
    MEMBER_COLLECTION = "validation_unknown_collection" "There is no auth collection {name}.";
    /// A member's scope is of a collection that does not exist, or whose records are no scopes.
    SCOPE_COLLECTION = "validation_unknown_collection" "There is no collection {name} whose records could be a scope.";
    /// A question names a collection that does not exist.
    UNKNOWN_COLLECTION = "validation_unknown_collection" "There is no such collection.";
    /// A permission is for a system collection.
    SYSTEM_COLLECTION = "validation_system_collection" "System collections are for superusers, and for operators by the areas of their roles.";
    /// A permission for a view allows more than to list and view.
    VIEW_ACTIONS = "validation_view_actions" "A view's records can be listed and viewed, nothing else.";
    /// A permission's condition cannot be parsed, or names something that does not exist.
    INVALID_CONDITION = "validation_invalid_condition" "Invalid condition{place}: {reason}";
    /// A permission's `fields` is not a list of names.
    FIELD_LIST = "validation_invalid_fields" "Must be a list of names of fields.";
    /// A permission for all collections names fields.
    FIELDS_OF_ALL = "validation_invalid_fields" "Fields are those of one collection: name it, instead of *.";
    /// A permission names a field that does not exist or is hidden.
    UNKNOWN_FIELD = "validation_unknown_field" "{collection} has no field {field} that could be shown.";
    /// A permission's `presets` is not an object.
    PRESET_OBJECT = "validation_invalid_presets" "Must be an object: the values of fields, by their names.";
    /// A permission that does not allow to create has presets.
    PRESETS_OF_CREATE = "validation_invalid_presets" "Presets are for records that are created: the permission has to allow create.";
    /// A permission for all collections has presets.
    PRESETS_OF_ALL = "validation_invalid_presets" "Presets are those of one collection: name it, instead of *.";
    /// A permission presets a field that does not exist, or that has no preset.
    PRESET_FIELD = "validation_unknown_field" "{collection} has no field {field} that could be preset.";
    /// A preset is an expression that does not exist.
    PRESET_EXPRESSION = "validation_invalid_presets" "{field}: the expressions are @request.auth.id and @role.scope; a text can't begin with @.";
    /// A preset is a value that the field cannot have.
    PRESET_VALUE = "validation_invalid_presets" "{field} can't have this value.";
    /// A created record lacks a value, and the caller's roles preset several.
    SEVERAL_PRESETS = "validation_several_presets" "Choose a value: your roles have several for this field.";
    /// A member is an account that does not exist.
    MEMBER_ACCOUNT = "validation_missing_rel_records" "There is no such account.";
    /// A question names an action that does not exist.
    UNKNOWN_ACTION = "validation_in_invalid" "Must be list, view, create, update or delete.";
    /// A question names a record that does not exist.
    UNKNOWN_RECORD = "validation_missing_rel_records" "There is no such record.";
    /// A text of assertions has one that cannot be read, or that names what does not exist.
    INVALID_ASSERTION = "validation_invalid_assertion" "Line {line}: {reason}";
    /// A question's subject is neither a guest nor an account.
    SUBJECT = "validation_unknown_subject" "Must be \"@guest\", or an account's collection and id.";
    /// A question's subject is of a collection that does not exist or has no accounts.
    SUBJECT_COLLECTION = "validation_unknown_subject" "There is no such auth collection.";
    /// A question's subject is an account that does not exist.
    SUBJECT_ACCOUNT = "validation_unknown_subject" "There is no such account.";
}
