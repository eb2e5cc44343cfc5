//! Problems of parameters, settings, mails, jobs, subscriptions and batches.

use super::problem_types;

problem_types! { REQUESTS:
    /// A request of a batch failed; `response` has the answer that it would have got alone.
    BATCH_REQUEST_FAILED = "batch_request_failed" "Batch request failed.";
    /// A list is asked for with a cursor and a page.
    PAGE_WITH_CURSOR = "validation_not_with_cursor" "A cursor says itself where to go on.";
    /// A cursor is malformed, or of a list with another sort, filter or caller.
    INVALID_CURSOR = "validation_invalid_cursor" "The cursor isn't of this list: of its sort, its filter and who asked.";
    /// A cursor is asked for in a view, or with a sort that it does not work with.
    CURSOR_UNSUPPORTED = "validation_cursor_unsupported" "A cursor needs a table, sorted by nothing or by texts, numbers, bools and dates of its own.";
    /// The number of minutes of the overview is wrong.
    MINUTES = "validation_invalid_minutes" "Must be a whole number from 1 to 1440.";
    /// A client subscribes with too many different options.
    TOO_MANY_OPTIONS = "validation_too_many_options" "There must be no more than {max} different options.";
    /// A job's schedule is not a cron expression, or never comes.
    SCHEDULE = "validation_invalid_schedule" "{reason}";
    /// A job's time zone does not exist.
    TIMEZONE = "validation_invalid_timezone" "{reason}";
    /// A job's payload is not what its kind needs.
    PAYLOAD = "validation_invalid_payload" "{reason}";
    /// A mail has no recipient, or more than one.
    ONE_EMAIL = "validation_is_email" "Must be one e-mail address.";
    /// The test mail is for a collection that does not exist or has no accounts.
    AUTH_COLLECTION = "validation_invalid_auth_collection" "Must be a valid auth collection id or name.";
    /// A setting has control characters.
    ONE_LINE = "validation_invalid_format" "Must be one line.";
    /// The address of the application, or one of an OAuth2 provider, is not an http or https URL.
    WEB_URL = "validation_is_url" "Must be a valid URL.";
}
