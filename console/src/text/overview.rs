//! Texts of the overview and its charts.

catalogue! {
    range = "Time span";
    hour = "1 hour";
    hours(count: u32) = "{count} hours";
    requests = "Requests";
    requests_note(range: &str) = "in {range}";
    latency_tile = "p95 latency";
    latency_note = "in the last full minute";
    refused = "Refused";
    refused_note(share: &str) = "{share} of all requests got 4xx";
    broken = "Server errors";
    broken_note(share: &str) = "{share} of all requests got 5xx";
    collections_note = "of your own";
    jobs_failed = "Failed runs";
    jobs_note = "of jobs in 24 hours";
    mails_failed = "Failed mails";
    mails_note = "could not be sent";
    nothing = "Nothing has happened yet";
    nothing_hint = "Requests to the API show up here as they come in, by the minute.";
    requests_chart = "Requests per minute";
    requests_chart_of(minutes: usize) = "Requests per {minutes} minutes";
    latency_chart = "Latency";
    latency_chart_of(minutes: usize) = "Latency, at worst in {minutes} minutes";
    errors_chart = "Errors per minute";
    errors_chart_of(minutes: usize) = "Errors per {minutes} minutes";
    client_errors = "4xx, refused";
    server_errors = "5xx, failed";
    p50 = "p50";
    p95 = "p95";
    p99 = "p99";
    time = "Time";
    numbers = "Show the numbers";
    no_value = "–";
}
