//! Files in buckets of servers that do not all answer alike, and of some that are broken.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::files::{names, path_of, records, upload, url};
use crate::support::s3::{Manner, S3};
use crate::support::{Client, TestApp};

fn posts(app: &TestApp) -> Client {
    let fields =
        json!([{"name": "doc", "type": "file"}, {"name": "pic", "type": "file", "maxSelect": 1}]);
    app.open_collection("posts", fields);
    app.guest()
}

fn post(guest: &Client, name: &str, content: &[u8]) -> Value {
    upload(guest, "posts", &[("doc", Some(name), content)])
}

fn doc(post: &Value) -> String {
    url(post, &names(post, "doc")[0])
}

fn png() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(300, 200, image::Rgb([9, 99, 199]));
    picture
        .write_to(&mut out, image::ImageFormat::Png)
        .expect("a picture");
    out.into_inner()
}

#[track_caller]
fn becomes<T: PartialEq + std::fmt::Debug>(expected: &T, is: impl Fn() -> T) {
    let until = Instant::now() + Duration::from_secs(30);
    while is() != *expected {
        if Instant::now() > until {
            assert_eq!(is(), *expected);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn waiting(app: &TestApp) -> String {
    app.text("SELECT CAST(count(*) AS TEXT) AS value FROM \"_removed_files\"")
}

#[test]
fn f07_a_file_that_stays_keeps_no_other() {
    let s3 = S3::start();
    let app = s3.start_app();
    let guest = posts(&app);
    // More than are looked at together, and the oldest of all.
    let stuck: Vec<Value> = (0..105).map(|_| post(&guest, "stuck.txt", b"s")).collect();
    let both = [
        ("doc", Some("one_loose.txt"), &b"l"[..]),
        ("pic", Some("one_busy.png"), b"b"),
    ];
    let mixed = upload(&guest, "posts", &both);
    let loose: Vec<Value> = (0..5).map(|_| post(&guest, "loose.txt", b"l")).collect();
    s3.fault("DELETE", "stuck", Manner::Refuse(403, "AccessDenied"));
    s3.fault("DELETE", "busy", Manner::Refuse(503, "SlowDown"));
    for record in stuck.iter().chain([&mixed]).chain(&loose) {
        guest.delete(&path_of(record)).ok();
    }
    let loose_ones = || {
        s3.names()
            .iter()
            .filter(|name| name.contains("loose"))
            .count()
    };
    becomes(&0, loose_ones);
    becomes(&"106".to_owned(), || waiting(&app));
    assert_eq!(s3.names().len(), 106);
    // What is left alone for a while is not forgotten.
    s3.heal();
    app.execute("UPDATE \"_removed_files\" SET \"due\" = 0");
    becomes(&0, || s3.names().len());
    becomes(&"0".to_owned(), || waiting(&app));
}

#[test]
fn f07_a_job_that_cleans_up_says_which_files_stay() {
    let s3 = S3::start();
    let app = s3.start_app();
    let guest = posts(&app);
    let all: Vec<Value> = (0..4).map(|_| post(&guest, "a.txt", b"a")).collect();
    let ids = all.iter().map(|post| post["id"].as_str().expect("an id"));
    let one = ids.clone().next().expect("one");
    app.execute("DELETE FROM \"posts\"");
    s3.fault("DELETE", one, Manner::Refuse(403, "AccessDenied"));
    let clean = || actix_web::rt::System::new().block_on(plinth::files::clean::orphans(&app.app));
    let cleaned = clean().expect("it looks");
    assert_eq!((cleaned.removed, cleaned.failed), (3, 1));
    s3.heal();
    s3.fault("GET", "list-type", Manner::Refuse(403, "AccessDenied"));
    let cleaned = clean().expect("it looks");
    assert!(cleaned.removed == 0 && cleaned.failed > 0, "{cleaned:?}");
    s3.heal();
    let cleaned = clean().expect("it looks");
    assert_eq!((cleaned.removed, cleaned.failed), (1, 0));
}

#[test]
fn f08_a_server_without_delete_objects_loses_its_files() {
    let s3 = S3::start();
    let app = s3.start_app();
    let guest = posts(&app);
    let pic = upload(&guest, "posts", &[("pic", Some("a.png"), &png())]);
    let path = url(&pic, &names(&pic, "pic")[0]);
    let small = guest.fetch("GET", &format!("{path}?thumb=100x100"), &[]);
    assert_eq!(small.status, 200);
    let large = vec![7; 20 << 20];
    app.root()
        .patch(
            "/api/collections/posts",
            json!({"fields": [{"name": "doc", "type": "file", "maxSize": 30 << 20}]}),
        )
        .ok();
    let large = post(&guest, "large.bin", &large);
    becomes(&1, || s3.names().len());
    let got = guest.fetch("GET", &doc(&large), &[]);
    assert_eq!((got.status, got.bytes.len()), (200, 20 << 20));
    guest.delete(&path_of(&large)).ok();
    becomes(&0, || s3.names().len());
    becomes(&"0".to_owned(), || waiting(&app));
    let calls = s3.calls();
    assert!(
        !calls.iter().any(|call| call.contains("?delete")),
        "{calls:?}"
    );
}

#[test]
fn f09_a_key_that_may_not_list_is_enough() {
    let s3 = S3::start();
    s3.hide();
    let app = s3.start_app();
    let guest = posts(&app);
    let picture = png();
    let pic = upload(&guest, "posts", &[("pic", Some("a.png"), &picture)]);
    let name = names(&pic, "pic")[0].clone();
    let path = url(&pic, &name);
    let thumb = format!("{path}?thumb=100x100");
    for _ in 0..2 {
        let small = guest.fetch("GET", &thumb, &[]);
        assert_eq!(
            (small.status, small.header("content-type")),
            (200, "image/png")
        );
        assert!(small.bytes.len() < picture.len(), "{}", small.bytes.len());
    }
    assert_eq!(guest.fetch("GET", &path, &[]).bytes, picture);
    assert_eq!(s3.names().len(), 2);
    // Whoever looks for what is gone is told so, however they ask.
    s3.replace(&name, None);
    s3.replace(&name, None);
    for (method, headers) in [
        ("GET", &[][..]),
        ("HEAD", &[]),
        ("GET", &[("Range", "bytes=0-3")]),
    ] {
        for path in [&path, &thumb] {
            assert_eq!(guest.fetch(method, path, headers).status, 404, "{path}");
        }
    }
    // Pictures go without a list too.
    let other = upload(&guest, "posts", &[("pic", Some("b.png"), &picture)]);
    let thumb = format!("{}?thumb=100x100", url(&other, &names(&other, "pic")[0]));
    assert_eq!(guest.fetch("GET", &thumb, &[]).status, 200);
    assert_eq!(s3.names().len(), 2);
    guest.delete(&path_of(&other)).ok();
    becomes(&0, || s3.names().len());
    becomes(&"0".to_owned(), || waiting(&app));
}

#[test]
fn f09_a_wrong_key_or_bucket_is_not_a_missing_file() {
    let s3 = S3::start();
    let app = s3.start_app();
    let guest = posts(&app);
    let post = post(&guest, "a.txt", b"hello");
    for (status, code) in [
        (403, "InvalidAccessKeyId"),
        (403, "SignatureDoesNotMatch"),
        (403, "RequestTimeTooSkewed"),
        (400, "ExpiredToken"),
        (404, "NoSuchBucket"),
        (401, "Unauthorized"),
    ] {
        s3.fault("GET", "/", Manner::Refuse(status, code));
        s3.fault("HEAD", "/", Manner::Refuse(status, code));
        let got = guest.get(&doc(&post));
        got.refused(503);
        assert!(!got.text.contains("AKIA"), "{}", got.text);
        s3.heal();
    }
    // A bucket that is missing for a while keeps no file from being removed afterwards.
    s3.fault("DELETE", "/", Manner::Refuse(404, "NoSuchBucket"));
    guest.delete(&path_of(&post)).ok();
    let tries = "SELECT CAST(coalesce(max(\"tries\"), 0) AS TEXT) AS value FROM \"_removed_files\"";
    becomes(&"1".to_owned(), || app.text(tries));
    assert_eq!(s3.names().len(), 1);
    // The log says it without the key, which servers quote.
    let log = || app.root().get("/api/logs?perPage=500").text;
    becomes(&true, || log().contains("InvalidAccessKeyId"));
    assert!(!log().contains("AKIATHEKEY"));
}

#[test]
fn f09_a_server_that_is_busy_for_ever_is_a_503() {
    let s3 = S3::start();
    let app = s3.start_app();
    let guest = posts(&app);
    let kept = upload(&guest, "posts", &[("pic", Some("a.png"), &png())]);
    let path = url(&kept, &names(&kept, "pic")[0]);
    let upload = || {
        let parts = [("doc", Some("new.txt"), &b"new"[..])];
        guest.send_parts("POST", &records("posts"), &parts)
    };
    for (status, code) in [
        (503, "SlowDown"),
        (500, "InternalError"),
        (429, "TooManyRequests"),
        (409, "OperationAborted"),
    ] {
        for method in ["GET", "HEAD", "PUT"] {
            s3.fault(method, "/", Manner::Refuse(status, code));
        }
        let begun = Instant::now();
        for path in [path.clone(), format!("{path}?thumb=100x100")] {
            let got = guest.fetch("GET", &path, &[]);
            assert_eq!(
                (got.status, got.header("retry-after")),
                (503, "1"),
                "{code}"
            );
        }
        upload().refused(503);
        assert!(begun.elapsed() < Duration::from_secs(50), "{code}");
        s3.heal();
        assert_eq!(guest.all("posts", "id").len(), 1);
    }
    // One that has enough of it for a moment is asked again.
    for method in ["GET", "HEAD", "PUT"] {
        s3.fault_times(method, "/", Manner::Refuse(503, "SlowDown"), 3);
    }
    assert_eq!(guest.fetch("GET", &path, &[]).status, 200);
    upload().ok();
    s3.fault("PUT", "thumbs_", Manner::Refuse(503, "SlowDown"));
    let thumb = format!("{path}?thumb=100x100");
    let instead = guest.fetch("GET", &thumb, &[]);
    assert_eq!((instead.status, instead.bytes), (200, png()));
    s3.heal();
    assert!(guest.fetch("GET", &thumb, &[]).bytes.len() < png().len());
}

#[test]
fn f09_a_server_that_is_half_broken_loses_nothing() {
    let s3 = S3::start();
    let app = s3.start_app();
    let guest = posts(&app);
    let content: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let kept = post(&guest, "kept.bin", &content);
    let path = doc(&kept);
    // Whatever happens on the way, who has the whole file has the right one.
    for manner in [Manner::Half, Manner::Hang, Manner::Long] {
        s3.fault_times("GET", "kept", manner, 1);
        if let Some(got) = guest.try_fetch("GET", &path, &[]) {
            assert_eq!(got.status, 200, "{manner:?}");
            assert!(got.bytes == content, "{manner:?}");
        }
        s3.heal();
    }
    for manner in [
        Manner::Half,
        Manner::Hang,
        Manner::Long,
        Manner::Page(200),
        Manner::Page(502),
        Manner::Redirect,
    ] {
        s3.fault("GET", "kept", manner);
        if let Some(got) = guest.try_fetch("GET", &path, &[]) {
            assert_eq!(got.status, 503, "{manner:?}");
        }
        s3.heal();
    }
    // Nothing is acknowledged that is not there.
    for manner in [
        Manner::Hang,
        Manner::Page(200),
        Manner::Page(404),
        Manner::Page(502),
        Manner::Redirect,
        Manner::Refuse(403, "AccessDenied"),
    ] {
        s3.fault("PUT", "/", manner);
        let parts = [("doc", Some("new.txt"), &b"new"[..])];
        let reply = guest.send_parts("POST", &records("posts"), &parts);
        reply.refused(503);
        s3.heal();
        assert_eq!(guest.all("posts", "id").len(), 1, "{manner:?}");
    }
    becomes(&1, || s3.names().len());
    // Nor forgotten that still is.
    for (tries, manner) in (1..).zip([
        Manner::Page(200),
        Manner::Page(404),
        Manner::Redirect,
        Manner::Hang,
    ]) {
        s3.fault("DELETE", "/", manner);
        if tries == 1 {
            guest.delete(&path_of(&kept)).ok();
        } else {
            app.execute("UPDATE \"_removed_files\" SET \"due\" = 0");
        }
        let tried =
            "SELECT CAST(coalesce(max(\"tries\"), 0) AS TEXT) AS value FROM \"_removed_files\"";
        becomes(&tries.to_string(), || app.text(tried));
        assert_eq!(s3.names().len(), 1, "{manner:?}");
        s3.heal();
    }
    app.execute("UPDATE \"_removed_files\" SET \"due\" = 0");
    becomes(&0, || s3.names().len());
}

#[test]
fn f09_a_server_that_says_nothing_is_not_waited_for() {
    let s3 = S3::start();
    let app = s3.start_app();
    let guest = posts(&app);
    let kept = post(&guest, "kept.txt", b"hello");
    // Slow is not silent.
    s3.fault_times("PUT", "/", Manner::Late(Duration::from_secs(3)), 1);
    s3.fault_times("GET", "/", Manner::Late(Duration::from_secs(3)), 1);
    post(&guest, "slow.txt", b"slow");
    assert_eq!(guest.fetch("GET", &doc(&kept), &[]).bytes, b"hello");
    s3.fault("GET", "/", Manner::Silence);
    s3.fault("PUT", "/", Manner::Silence);
    std::thread::scope(|scope| {
        scope.spawn(|| guest.get(&doc(&kept)).refused(503).clone());
        scope.spawn(|| {
            let parts = [("doc", Some("new.txt"), &b"new"[..])];
            let reply = guest.send_parts("POST", &records("posts"), &parts);
            reply.refused(503).clone()
        });
    });
    assert_eq!(guest.all("posts", "id").len(), 2);
}
