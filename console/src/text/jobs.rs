//! Texts of the pages of jobs.

// The list.
catalogue! {
    new = "New job";
    none = "No jobs yet";
    none_hint = "A job calls a URL, sends a mail or tidies the database at its times.";
    schedule = "Schedule";
    next = "Next run";
    last = "Last run";
    enabled = "Enabled";
    enabled_named(name: &str) = "{name} is enabled";
    disabled = "disabled";
    never = "never";
    run_now = "Run now";
    run_now_named(name: &str) = "Run {name} now";
    begun(name: &str) = "{name} is about to run";
    switched_on(name: &str) = "{name} is enabled";
    switched_off(name: &str) = "{name} is disabled";
    not_scheduled = "not while it is disabled";
}

// A job.
catalogue! {
    parts = "Parts of the job";
    runs = "Runs";
    definition = "Definition";
    created(name: &str) = "{name} is created";
    delete_title(name: &str) = "Delete {name}?";
    delete_hint = "The job goes with the history of its runs. This cannot be undone.";
    delete = "Delete the job";
    deleted(name: &str) = "{name} is deleted";
    gone = "There is no such job";
    gone_hint = "It may have been deleted.";
}

// Runs.
catalogue! {
    no_runs = "It has not run yet";
    no_runs_hint = "Its runs are listed here, with what came of them.";
    no_runs_disabled = "It is disabled: it runs when somebody runs it, and not by itself.";
    waiting = "waiting";
    running = "running";
    succeeded = "succeeded";
    failed = "failed";
    lost = "lost";
    skipped = "skipped";
    by_hand = "by hand";
    attempt(number: u64) = "attempt {number}";
    started = "Started";
    ended = "Ended";
    took = "Took";
    worker = "Process";
    not_before = "Not before";
    no_output = "It said nothing.";
    not_yet = "It has not ended yet.";
    lost_why = "The server that ran the job disappeared before the run finished, so it is unknown how far it came. While there are retries left, another attempt follows automatically.";
    skipped_why = "The previous run had not finished when this one was due.";
    waiting_why = "It starts as soon as a server has capacity for it.";
}

// The editor.
catalogue! {
    refused = "Something is not right yet.";
    name_help = "What people know it by.";
    enabled_help = "It runs at its times. Without it, only by hand.";
    when = "When";
    what = "What";
    limits = "Limits";
    how_often = "How often";
    every_minutes = "Every few minutes";
    every_hour = "Every hour";
    every_day = "Every day";
    every_weekday = "Every weekday";
    every_week = "Every week";
    every_month = "Every month";
    own = "Another schedule";
    said_minute = "Every minute";
    said_minutes(apart: u32) = "Every {apart} minutes";
    said_hour(minute: u32) = "Every hour, at minute {minute}";
    said_day(time: &str) = "Every day at {time}";
    said_weekdays(time: &str) = "Every weekday at {time}";
    said_week(day: &str, time: &str) = "Every {day} at {time}";
    said_month(day: u32, time: &str) = "Every month on day {day} at {time}";
    at_time = "At";
    at_minute = "At minute";
    minutes_apart = "Minutes apart";
    on_day = "On";
    day_of_month = "On day";
    day_of_month_help = "A month without this day is left out.";
    monday = "Monday";
    tuesday = "Tuesday";
    wednesday = "Wednesday";
    thursday = "Thursday";
    friday = "Friday";
    saturday = "Saturday";
    sunday = "Sunday";
    cron = "Cron expression";
    cron_help = "Minute, hour, day of the month, month, day of the week.";
    timezone = "Time zone";
    timezone_help = "Whose clock it goes by. Empty means UTC.";
    next_runs = "Next runs";
    preview = "What this means";
    kind = "What it does";
    kind_http = "Calls a URL";
    kind_mail = "Sends a mail";
    kind_maintenance = "Tidies the database";
    method = "Method";
    url = "URL";
    url_help = "On the public internet, unless the server's settings allow more.";
    headers = "Headers";
    no_headers = "None besides those that every request has.";
    add_header = "Add a header";
    header_name = "Name of the header";
    header_value = "Value of the header";
    remove_header = "Remove the header";
    body = "Body";
    to = "To";
    subject = "Subject";
    html = "HTML";
    html_help = "Either this or the text, or both.";
    text = "Text";
    text_help = "For programs that show no HTML.";
    tasks = "Tasks";
    task_expired = "Remove mails that are done with and older than 30 days";
    task_logs = "Remove old runs of jobs and what is old in the log";
    task_optimize = "Let the database put itself in order";
    timeout = "Seconds a run may take";
    timeout_help = "Empty means 30.";
    retries = "Retries";
    retries_help = "How often a run that failed is tried again.";
    backoff = "Seconds before the first retry";
    backoff_help = "Each later one waits twice as long. Empty means 10.";
}
