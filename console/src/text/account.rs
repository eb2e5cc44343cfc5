//! Texts of the page of an account about its sessions, links and places.

catalogue! {
    sessions = "Sessions";
    no_sessions = "Not signed in anywhere.";
    session_about(since: &str, seen: &str) = "Since {since}, last seen {seen}";
    session_ended = "Signed out there";
    impersonation = "impersonation";
    end_session = "End the session";
    end_session_of(program: &str) = "End the session of {program}";
    end_session_title(program: &str) = "End the session of {program}?";
    end_session_hint = "Whoever uses it has to sign in again.";
    end_all = "End all sessions";
    end_all_title(count: usize) = "End all {count} sessions?";
    browser_on(browser: &str, system: &str) = "{browser} on {system}";
    unknown_program = "An unknown program";
    links = "Links to other services";
    no_links = "Not linked to any service.";
    link_about(id: &str, since: &str) = "{id} there, linked {since}";
    unlinked = "The link is removed";
    unlink = "Remove the link";
    unlink_of(service: &str) = "Remove the link to {service}";
    unlink_title(service: &str) = "Remove the link to {service}?";
    unlink_hint = "The account stays. Signing in with that service links it again only by a verified address.";
    origins = "Places it has signed in from";
    no_origins = "None is remembered.";
    origin(mark: &str) = "Place {mark}";
    origin_about(since: &str, seen: &str) = "First {since}, last {seen}";
    origin_forgotten = "The place is forgotten";
    forget = "Forget it";
    forget_of(place: &str) = "Forget {place}";
    forget_title = "Forget this place?";
    forget_hint = "The next sign-in from there counts as new, and is told by mail if alerts are on.";
}
