//! Problems of the values of records.

use super::problem_types;

problem_types! { VALUES:
    /// The value is empty, and the field, option or parameter needs one. For a number 0 is empty, for a bool `false`, for a geo point 0, 0, for JSON `null`, `""`, `[]` and `{}`.
    REQUIRED = "validation_required" "Cannot be blank.";
    /// The stored value has another type than the field's.
    UNSUPPORTED_VALUE = "validation_unsupported_value_type" "Invalid or unsupported value type.";
    /// A text has fewer characters than the field's `min`.
    MIN_TEXT = "validation_min_text_constraint" "Must be at least {min} character(s)." ["min"];
    /// A text has more characters than the field's `max`.
    MAX_TEXT = "validation_max_text_constraint" "Must be no more than {max} character(s)." ["max"];
    /// A password has fewer characters than the field's `min`.
    MIN_PASSWORD = "validation_min_text_constraint" "Must be at least {min} character(s).";
    /// A password has more characters than the field's `max`.
    MAX_PASSWORD = "validation_max_text_constraint" "Must be less than {max} character(s).";
    /// A password is one of the commonest, which are guessed first: the field's `refuseCommon` is on, or it is a superuser's from the command line or the first start.
    COMMON_PASSWORD = "validation_common_password" "Is one of the commonest passwords; choose another one.";
    /// A text or password does not match the field's `pattern`, or a text has the character NUL, or a subscription a line break.
    INVALID_FORMAT = "validation_invalid_format" "Invalid value format.";
    /// An id has a character that no id may have: ids occur in paths of URLs and files.
    ID_CHARACTER = "validation_forbidden_pk_character" "'{ch}' is not a valid primary key character." ["ch"];
    /// An id is the name of a device on Windows, where it could not be the name of a directory.
    ID_RESERVED = "validation_reserved_pk" "The primary key '{reserved}' is reserved and cannot be used." ["reserved"];
    /// An update gives the record another id.
    ID_CHANGED = "validation_pk_change" "The record primary key cannot be changed.";
    /// The number is infinite or not a number.
    NOT_A_NUMBER = "validation_not_a_number" "The submitted number is not properly formatted.";
    /// The field takes whole numbers only (`onlyInt`), and the number has a fraction or does not fit into 64 bits. Also for a limit of such a field.
    ONLY_INT = "validation_only_int_constraint" "Decimal numbers are not allowed.";
    /// The number is smaller than the field's `min`. Also for a `max` that is smaller than `min`.
    MIN_NUMBER = "validation_min_number_constraint" "Must be greater or equal than {min}." ["min"];
    /// The number is larger than the field's `max`.
    MAX_NUMBER = "validation_max_number_constraint" "Must be less or equal than {max}." ["max"];
    /// The text is not an e-mail address.
    NOT_EMAIL = "validation_is_email" "Must be a valid email address.";
    /// The address is of a domain that `onlyDomains` lacks or `exceptDomains` has.
    EMAIL_DOMAIN = "validation_email_domain_not_allowed" "Email domain is not allowed.";
    /// The text is not an absolute URL.
    NOT_URL = "validation_invalid_url" "Must be a valid url.";
    /// The URL is of a host that `onlyDomains` lacks or `exceptDomains` has.
    URL_DOMAIN = "validation_url_domain_not_allowed" "Url domain is not allowed.";
    /// The HTML has more bytes than the field's `maxSize`.
    EDITOR_SIZE = "validation_content_size_limit" "The maximum allowed content size is {maxSize} bytes." ["maxSize"];
    /// A date is earlier than the field's `min`, or a number is smaller than an option or parameter may be.
    AT_LEAST = "validation_min_greater_equal_than_required" "Must be no less than {threshold}." ["threshold"];
    /// A date is later than the field's `max`, or a number is larger than an option may be.
    AT_MOST = "validation_max_less_equal_than_required" "Must be no greater than {threshold}." ["threshold"];
    /// A selected value is none of the field's `values`.
    INVALID_VALUE = "validation_invalid_value" "Invalid value {value}" ["value"];
    /// There are more values, or records, than the field's `maxSelect`.
    TOO_MANY_VALUES = "validation_too_many_values" "Select no more than {maxSelect}." ["maxSelect"];
    /// There are fewer records than the field's `minSelect`.
    TOO_FEW_VALUES = "validation_not_enough_values" "Select at least {minSelect}." ["minSelect"];
    /// A record that the value refers to does not exist.
    MISSING_RECORDS = "validation_missing_rel_records" "Failed to find all relation records with the provided ids.";
    /// The collection that a relation refers to does not exist.
    MISSING_COLLECTION = "validation_missing_rel_collection" "Relation connection is missing or cannot be accessed.";
    /// The JSON has more bytes than the field's `maxSize`.
    JSON_SIZE = "validation_json_size_limit" "The maximum allowed JSON size is {maxSize} bytes." ["maxSize"];
    /// The JSON has a text with the character NUL.
    INVALID_JSON = "validation_invalid_json" "Must be a valid json value.";
    /// The JSON has more lists and objects inside each other than the server reads.
    JSON_TOO_DEEP = "validation_invalid_json" "Must not be nested more than {maxDepth} levels deep." ["maxDepth"];
    /// The JSON has more values than the server reads.
    JSON_TOO_LARGE = "validation_invalid_json" "Must have no more than {maxValues} values." ["maxValues"];
    /// A geo point's latitude is not from -90 to 90.
    LATITUDE = "validation_invalid_latitude" "Latitude must be between -90 and 90 degrees.";
    /// A geo point's longitude is not from -180 to 180.
    LONGITUDE = "validation_invalid_longitude" "Longitude must be between -180 and 180 degrees.";
    /// A name is neither that of a file that the record has nor that of a file that was sent along.
    UNKNOWN_FILES = "validation_invalid_file" "Invalid new files: [{invalidFiles}]." ["invalidFiles"];
    /// There are more files than the field's `maxSelect`.
    TOO_MANY_FILES = "validation_too_many_files" "The maximum allowed files is {maxSelect}." ["maxSelect"];
    /// A file has more bytes than the field's `maxSize`.
    FILE_SIZE = "validation_file_size_limit" "Failed to upload {file} - the maximum allowed file size is {maxSize} bytes." ["file", "maxSize"];
    /// A file's content is of none of the field's `mimeTypes`.
    MIME_TYPE = "validation_invalid_mime_type" "\"{file}\" mime type must be one of: {types}.";
    /// Another record has the same value, and a unique index covers the field.
    NOT_UNIQUE = "validation_not_unique" "Value must be unique.";
    /// The value does not fit into an entry of an index on the field.
    TOO_LONG_FOR_INDEX = "validation_too_long_for_index" "The value is too long for the index that it is in.";
    /// The caller's roles do not let them set the field.
    NOT_PERMITTED = "validation_not_permitted" "Your roles do not let you set this field.";
}
