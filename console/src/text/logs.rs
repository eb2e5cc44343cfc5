//! Texts of the page of the log.

catalogue! {
    range = "Time span";
    day = "24 hours";
    week = "7 days";
    levels = "Levels";
    all = "All";
    warnings = "Warnings and errors";
    errors_only = "Errors";
    level = "Level";
    debug = "debug";
    info = "info";
    warning = "warning";
    error = "error";
    message = "What happened";
    status = "Status";
    took = "Took";
    when = "When";
    who = "Who";
    guest = "nobody";
    from = "From";
    filter_placeholder = "Filter, such as data.status >= 500 && message ~ \"posts\"";
    per_hour = "Entries per hour";
    entries = "Entries";
    failed = "Errors";
    none = "Nothing has happened";
    none_hint = "Requests to the API show up here a few seconds after they were answered.";
    none_like_this = "No entry is like this";
    none_like_this_hint = "Try another filter, other levels, or more time.";
    entry = "Entry";
    server = "the server";
    reason = "Why";
    details = "All that is known";
    gone = "There is no such entry";
    gone_hint = "Entries are removed after some days.";
}
