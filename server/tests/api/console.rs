//! The console's files, with or without a console that was built.

use crate::support::TestApp;

/// A request without following where it leads: status, headers.
fn fetch(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> ureq::http::Response<ureq::Body> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .into();
    let mut request = agent.get(format!("{}{path}", app.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.call().expect("an answer")
}

fn header(response: &ureq::http::Response<ureq::Body>, name: &str) -> String {
    let value = response.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_root_leads_to_the_console() {
    let app = TestApp::start();
    for path in ["/", "/_"] {
        let response = fetch(&app, path, &[]);
        assert_eq!(response.status(), 307, "{path}");
        assert_eq!(header(&response, "location"), "/_/");
    }
}

#[test]
fn every_address_of_the_console_is_its_page_and_may_run_nothing_else() {
    let app = TestApp::start();
    for path in ["/_/", "/_/collections/posts", "/_/sign-in"] {
        let mut response = fetch(&app, path, &[]);
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        assert_eq!(
            header(&response, "content-type"),
            "text/html; charset=utf-8"
        );
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        let page = response.body_mut().read_to_string().expect("a page");
        if response.status() == 404 {
            assert!(
                page.contains("scripts/console"),
                "it says how to build it: {page}"
            );
            continue;
        }
        assert_eq!(header(&response, "cache-control"), "no-cache");
        let tag = header(&response, "etag");
        let again = fetch(&app, path, &[("If-None-Match", &tag)]);
        assert_eq!(again.status(), 304, "{path}");
    }
}

#[test]
fn files_that_are_not_there_are_not_the_page() {
    let app = TestApp::start();
    for path in [
        "/_/old-0123456789ab.js",
        "/_/../server/Cargo.toml",
        "/_/%2e%2e/Cargo.toml",
        "/_/.gitignore",
        "/_/a/b.wasm",
    ] {
        let response = fetch(&app, path, &[]);
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(
            header(&response, "content-type"),
            "application/json",
            "{path}"
        );
    }
}
