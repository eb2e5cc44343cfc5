//! Problems of definitions of collections: names, fields, options, indexes, rules, queries.

use super::problem_types;

problem_types! { COLLECTIONS:
    /// An option must have no value: a rule of a view other than `listRule` and `viewRule`.
    NOT_NIL = "validation_nil" "Must be blank.";
    /// A rule may be null or a filter, but not empty: `manageRule`.
    NIL_OR_FILLED = "validation_nil_or_not_empty_required" "Cannot be blank.";
    /// An option must be empty because another one is set: `onlyDomains` and `exceptDomains`.
    NOT_EMPTY = "validation_empty" "Must be blank.";
    /// An autodate field is never set.
    NEVER_SET = "validation_required" "Either onCreate or onUpdate must be enabled.";
    /// A name, id or thumb size has characters that it may not have.
    MATCH = "validation_match_invalid" "Must be in a valid format.";
    /// A name or thumb size is reserved.
    RESERVED = "validation_not_in_invalid" "Must not be in list.";
    /// A value is none of those that are allowed.
    NOT_ALLOWED = "validation_in_invalid" "Must be a valid value.";
    /// A name has `_via_` in it, which marks back-relations in filters.
    FOUND_VIA = "validation_found_via" "The value cannot contain \"_via_\".";
    /// A text has fewer or more characters than it may have.
    LENGTH_OUT_OF_RANGE = "validation_length_out_of_range" "The length must be between {min} and {max}." ["min", "max"];
    /// A text does not have the length that it must have.
    LENGTH = "validation_length_invalid" "The length must be exactly {max}." ["min", "max"];
    /// Two OAuth2 providers of a collection have the same name.
    DUPLICATE_PROVIDER = "validation_duplicated_provider" "The provider {name} is already registered." ["name"];
    /// There is no OAuth2 provider of the name.
    MISSING_PROVIDER = "validation_missing_provider" "Invalid or missing provider with name {name}." ["name"];
    /// A text or list is longer than it may be.
    LENGTH_TOO_LONG = "validation_length_too_long" "The length must be no more than {max}." ["min", "max"];
    /// The collection's id is malformed or taken.
    COLLECTION_ID = "validation_invalid_or_existing_id" "The model id is invalid or already exists.";
    /// Another collection has the name.
    COLLECTION_NAME_TAKEN = "validation_collection_name_exists" "Collection name must be unique (case insensitive).";
    /// The name is the id of a collection.
    COLLECTION_NAME_IS_ID = "validation_collection_name_id_duplicate" "The name must not match an existing collection id.";
    /// The name is that of a table or index of the server or of the database.
    COLLECTION_NAME_INTERNAL = "validation_collection_name_invalid" "The name shouldn't match with an existing internal table.";
    /// A system collection would get another name.
    SYSTEM_NAME_CHANGE = "validation_collection_system_name_change" "System collection name cannot be changed.";
    /// A collection's `system` would change.
    SYSTEM_FLAG_CHANGE = "validation_collection_system_flag_change" "System collection state cannot be changed.";
    /// A rule of a system collection would let more through.
    SYSTEM_RULE_CHANGE = "validation_collection_system_rule_change" "System collection API rule cannot be changed.";
    /// A collection's `type` would change.
    COLLECTION_TYPE_CHANGE = "validation_collection_type_change" "Collection type cannot be changed.";
    /// Two fields have the same id.
    DUPLICATE_FIELD_ID = "validation_duplicated_field_id" "Duplicated or invalid field id {fieldId}." ["fieldId"];
    /// Two fields have the same name, in upper or lower case.
    DUPLICATE_FIELD_NAME = "validation_duplicated_field_name" "Duplicated or invalid field name {fieldName}." ["fieldName"];
    /// There is no primary key named `id`.
    MISSING_PRIMARY_KEY = "validation_missing_primary_key" "Missing or invalid \"id\" PK field.";
    /// A primary key has another name than `id`.
    PRIMARY_KEY_NAME = "validation_in_invalid" "The primary key must be named \"id\".";
    /// There is more than one primary key.
    COMPOSITE_PRIMARY_KEY = "validation_unsupported_composite_pk" "Composite PKs are not supported and the collection must have only 1 PK.";
    /// An auth collection lacks one of its system fields; the code has the field's name in lower case.
    MISSING_SYSTEM_FIELD = "validation_missing_{key}_field" "Missing or invalid system field {name}.";
    /// A system field would be deleted or renamed.
    SYSTEM_FIELD_CHANGE = "validation_system_field_change" "System fields cannot be deleted or renamed.";
    /// A field's `type` would change.
    FIELD_TYPE_CHANGE = "validation_field_type_change" "Field type cannot be changed.";
    /// A field of an auth collection has the name of a key of sign-ups.
    RESERVED_FIELD_NAME = "validation_reserved_field_name" "The field name is reserved and cannot be used.";
    /// A `pattern` or `autogeneratePattern` is not a regular expression.
    INVALID_REGEX = "validation_invalid_regex" "Error parsing regexp: {reason}.";
    /// No text can be made of the `autogeneratePattern`: it has anchors, or describes too long a text.
    AUTOGENERATE = "validation_invalid_autogenerate_pattern" "Values cannot be generated from this pattern.";
    /// The field would refuse what its `autogeneratePattern` makes.
    AUTOGENERATE_VALUE = "validation_invalid_autogenerate_pattern_value" "The provided autogenerate pattern could produce invalid field values, ex.: \"{value}\".";
    /// An item of `onlyDomains` or `exceptDomains` is not a domain.
    NOT_DOMAIN = "validation_is_domain" "Must be a valid domain.";
    /// A relation would refer to another collection than before.
    RELATION_CHANGE = "validation_field_relation_change" "The relation collection cannot be changed.";
    /// A relation of a collection with a table refers to a view.
    RELATION_TO_VIEW = "validation_relation_field_non_view_base_collection" "Only view collections are allowed to have relations to other views.";
    /// A relation refers to a collection that does not exist.
    RELATION_MISSING = "validation_field_relation_missing_collection" "The relation collection doesn't exist.";
    /// A field named in the options of an auth collection does not exist.
    MISSING_FIELD = "validation_missing_field" "Invalid or missing field {fieldName}." ["fieldName"];
    /// A field that accounts sign in with has no unique index of its own.
    MISSING_UNIQUE = "validation_missing_unique_constraint" "The field {fieldName} doesn't have a UNIQUE constraint." ["fieldName"];
    /// A second factor is asked for, and fewer than two sign-in methods are enabled.
    TOO_FEW_METHODS = "validation_mfa_not_enough_auths" "MFA requires at least 2 auth methods to be enabled.";
    /// A setting is switched on that this server does not have.
    UNSUPPORTED_SETTING = "validation_unsupported_option" "This server does not have it yet.";
    /// A setting is switched on that belongs to the server's configuration.
    CONFIGURED_ELSEWHERE = "validation_unsupported_option" "It is set in the server's configuration.";
    /// A view has indexes.
    VIEW_INDEXES = "validation_indexes_not_supported" "View collections don't support indexes.";
    /// An index is not a `CREATE INDEX` statement that the server reads.
    INDEX_SYNTAX = "validation_invalid_index_expression" "Invalid CREATE INDEX expression.";
    /// A database would refuse the index.
    INDEX_REFUSED = "validation_invalid_index_expression" "Failed to create index {name} - {reason}.";
    /// The database refused the index because of the records that there are.
    INDEX_FAILED = "validation_invalid_index_expression" "Failed to create index {name}: {reason}.";
    /// Two indexes of the collection have the same name.
    DUPLICATE_INDEX_NAME = "validation_duplicated_index_name" "The index name already exists.";
    /// An index of another collection has the name.
    EXISTING_INDEX_NAME = "validation_existing_index_name" "The index name is already used in {usedTableName} collection." ["usedTableName"];
    /// Two indexes of the collection differ in nothing but their names.
    DUPLICATE_INDEX = "validation_duplicated_index_definition" "The index definition already exists.";
    /// An auth collection lacks a unique index that it needs.
    MISSING_UNIQUE_INDEX = "validation_missing_required_unique_index" "Missing required unique index for field \"{field}\".";
    /// A rule cannot be parsed, or names something that does not exist.
    INVALID_RULE = "validation_invalid_rule" "Invalid rule. Raw error: {reason}";
    /// A view's query cannot be parsed, is not allowed, or fails.
    INVALID_QUERY = "validation_invalid_view_query" "Invalid query - {reason}";
    /// An import cannot change a collection.
    IMPORT_FAILED = "validation_collections_import_failure" "Failed to import collection \"{name}\": {reason}";
}
