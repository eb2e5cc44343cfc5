//! Files on their way out: headers, parts, pictures, and who is served what.

use std::fmt::Write as _;
use std::io::Cursor;
use std::time::Duration;

use serde_json::{Value, json};

use super::files::{disk_becomes, names, on_disk, path_of, stored, upload, url};
use crate::support::{Client, PASSWORD, Part, TestApp, at_once};

fn picture(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let [x, y] = [x, y].map(|at| u8::try_from(at % 256).expect("small"));
        image::Rgb([x, y, 0])
    });
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).expect("a picture");
    out.into_inner()
}

fn png() -> Vec<u8> {
    picture(60, 40, image::ImageFormat::Png)
}

const PAGE: &[u8] = b"<!doctype html><html><script>alert(1)</script></html>";

#[test]
fn a_file_is_served_as_what_it_is() {
    let app = TestApp::start();
    app.open_collection(
        "posts",
        json!([{"name": "docs", "type": "file", "maxSelect": 99}]),
    );
    let guest = app.guest();
    let png = png();
    for (given, content, kind, how) in [
        ("a.png", &png[..], "image/png", "inline"),
        ("a.txt", b"hello", "text/plain; charset=utf-8", "attachment"),
        ("a.pdf", b"%PDF-1.4\n", "application/pdf", "inline"),
        ("a.json", b"{\"a\":1}", "application/json", "attachment"),
        (
            "a.bin",
            b"\x00\x01\xfe\xff\x02",
            "application/octet-stream",
            "attachment",
        ),
        ("empty.txt", b"", "text/plain", "attachment"),
        (
            "a.docx",
            b"PK\x03\x04abc",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "attachment",
        ),
        ("a.mp3", b"ID3\x03\0\0\0\0\0\0\0", "audio/mpeg", "inline"),
        (
            "a.mp4",
            b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41",
            "video/mp4",
            "inline",
        ),
        ("fake.txt", &png[..], "image/png", "inline"),
    ] {
        let post = upload(&guest, "posts", &[("docs", Some(given), content)]);
        let name = &names(&post, "docs")[0];
        let got = guest.fetch("GET", &url(&post, name), &[]);
        assert_eq!((got.status, &got.bytes[..]), (200, content), "{given}");
        assert_eq!(got.header("content-type"), kind, "{given}");
        assert_eq!(
            got.header("content-disposition"),
            format!("{how}; filename={name}")
        );
        assert_eq!(got.header("content-length"), content.len().to_string());
        for (header, value) in [
            ("accept-ranges", "bytes"),
            (
                "cache-control",
                "max-age=2592000, stale-while-revalidate=86400",
            ),
            (
                "content-security-policy",
                "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", ""),
        ] {
            assert_eq!(got.header(header), value, "{given}");
        }
        let head = guest.fetch("HEAD", &url(&post, name), &[]);
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        for header in [
            "content-type",
            "content-length",
            "content-disposition",
            "etag",
            "last-modified",
        ] {
            assert_eq!(head.header(header), got.header(header), "{given} {header}");
        }
        for (asked, how) in [
            ("1", "attachment"),
            ("true", "attachment"),
            ("0", how),
            ("", how),
        ] {
            let got = guest.fetch(
                "GET",
                &format!("{}?download={asked}", url(&post, name)),
                &[],
            );
            assert_eq!(
                got.header("content-disposition"),
                format!("{how}; filename={name}")
            );
        }
    }
}

#[test]
fn n34_what_could_run_is_saved_and_not_shown() {
    let app = TestApp::start();
    app.open_collection("posts", json!([{"name": "doc", "type": "file"}]));
    let guest = app.guest();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let xml = b"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>";
    for (given, content) in [
        ("a.svg", &svg[..]),
        ("a.png", svg),
        ("a", svg),
        ("a.html", PAGE),
        ("a.png", PAGE),
        ("a.pdf", PAGE),
        ("a.jpg", PAGE),
        ("a.xml", xml),
        ("a.xhtml", xml),
        ("a.js", b"alert(1)"),
        ("a.mjs", b"alert(1)"),
        ("a.css", b"a{}"),
        ("a.txt", PAGE),
        ("noext", PAGE),
        ("a.htm", b"   <HTML>"),
        ("a.gif.html", b"GIF89a<script>"),
    ] {
        let post = upload(&guest, "posts", &[("doc", Some(given), content)]);
        let got = guest.fetch("GET", &url(&post, &names(&post, "doc")[0]), &[]);
        assert_eq!(got.status, 200);
        let shown = got.header("content-disposition").starts_with("inline");
        // What begins like a picture is a picture to every browser that is told so.
        let is_picture = got.header("content-type") == "image/gif";
        assert!(!shown || is_picture, "{given}: {:?}", got.headers);
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert!(got.header("content-security-policy").ends_with("sandbox"));
    }
}

#[test]
fn n35_parts_and_conditions() {
    let app = TestApp::start();
    app.open_collection("posts", json!([{"name": "doc", "type": "file"}]));
    let guest = app.guest();
    // Larger than what it takes to know the type, and than one piece of a stream.
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let post = upload(&guest, "posts", &[("doc", Some("a.bin"), &content)]);
    let path = url(&post, &names(&post, "doc")[0]);
    let whole = guest.fetch("GET", &path, &[]);
    assert!(whole.status == 200 && whole.bytes == content);
    for (range, part) in [
        ("bytes=0-9", 0..10),
        ("bytes=2999990-", 2_999_990..3_000_000),
        ("bytes=-5", 2_999_995..3_000_000),
        ("bytes=0-99999999999999999999", 0..3_000_000),
        ("bytes=100000-1999999", 100_000..2_000_000),
        ("bytes=0-9,99999999-", 0..10),
    ] {
        let got = guest.fetch("GET", &path, &[("Range", range)]);
        assert_eq!(got.status, 206, "{range}");
        assert!(got.bytes == content[part.clone()], "{range}");
        let says = format!("bytes {}-{}/3000000", part.start, part.end - 1);
        assert_eq!(got.header("content-range"), says);
        assert_eq!(
            got.header("content-length"),
            (part.end - part.start).to_string()
        );
        assert_eq!(got.header("content-type"), whole.header("content-type"));
    }
    for range in [
        "bytes=5-1",
        "bytes=3000000-",
        "bytes=-0",
        "bytes=a-b",
        "items=0-1",
        "x",
        "bytes=99999999999999999999999-",
    ] {
        let got = guest.fetch("GET", &path, &[("Range", range)]);
        assert_eq!(
            (got.status, got.header("content-range")),
            (416, "bytes */3000000"),
            "{range}"
        );
        assert_eq!(got.header("content-type"), "application/json");
    }
    // Nobody has to give several parts at once.
    for range in [
        "bytes=0-0,5-6",
        "bytes=",
        &format!("bytes={}0-1", "0-1,".repeat(500)),
    ] {
        let got = guest.fetch("GET", &path, &[("Range", range)]);
        assert!(got.status == 200 && got.bytes == content, "{range}");
    }
    let (tag, date) = (whole.header("etag"), whole.header("last-modified"));
    let long_ago = "Mon, 01 Jan 2001 00:00:00 GMT";
    for (headers, status) in [
        (vec![("If-None-Match", tag)], 304),
        (vec![("If-None-Match", "*")], 304),
        (vec![("If-None-Match", "\"other\"")], 200),
        (
            vec![("If-None-Match", "\"other\""), ("If-Modified-Since", date)],
            200,
        ),
        (vec![("If-Modified-Since", date)], 304),
        (vec![("If-Modified-Since", long_ago)], 200),
        (vec![("If-Modified-Since", "nonsense")], 200),
        (vec![("If-Match", tag)], 200),
        (vec![("If-Match", "\"other\"")], 412),
        (vec![("If-Unmodified-Since", long_ago)], 412),
        (vec![("If-Unmodified-Since", date)], 200),
        (vec![("Range", "bytes=0-9"), ("If-Range", tag)], 206),
        (vec![("Range", "bytes=0-9"), ("If-Range", date)], 206),
        (vec![("Range", "bytes=0-9"), ("If-Range", "\"other\"")], 200),
        (vec![("Range", "bytes=0-9"), ("If-Range", long_ago)], 200),
        (vec![("Range", "bytes=0-9"), ("If-None-Match", tag)], 304),
    ] {
        let got = guest.fetch("GET", &path, &headers);
        assert_eq!(got.status, status, "{headers:?}");
        if status == 304 || status == 412 {
            assert!(got.bytes.is_empty());
            assert_eq!(got.header("etag"), tag);
        }
    }
}

#[test]
fn n33_no_path_leads_out_of_the_storage() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", json!([{"name": "doc", "type": "file"}]));
    let guest = app.guest();
    let post = upload(&guest, "posts", &[("doc", Some("a.txt"), b"a")]);
    let name = names(&post, "doc").remove(0);
    let id = post["id"].as_str().expect("an id");
    std::fs::write(app.home.data_dir().join("secret.txt"), "secret").expect("a file");
    for wrong in [
        "..%2f..%2f..%2fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5csecret.txt",
        "%00",
        "a%00.txt",
        "..",
        ".",
        "%2e%2e",
        "....%2f%2fsecret.txt",
        "%c0%ae%c0%ae%2fsecret.txt",
        "secret.txt",
        "CON",
        "%20",
        "*",
        "",
        &format!("{name}%00"),
        &format!("{name}."),
        &format!("{name}%20"),
        &name.to_uppercase(),
        &format!(".%2f{name}"),
        &format!("{name}%2f"),
        &format!("x%2f..%2f{name}"),
        &"x".repeat(5000),
    ] {
        for path in [
            format!("/api/files/posts/{id}/{wrong}"),
            format!("/api/files/posts/{wrong}/{name}"),
            format!("/api/files/{wrong}/{id}/{name}"),
            format!("/api/files/posts/{id}/{name}?thumb={wrong}"),
        ] {
            let got = guest.fetch("GET", &path, &[]);
            let is_original = path.contains("?thumb=") && got.bytes == b"a";
            assert!(got.status == 404 || is_original, "{path}: {}", got.status);
        }
    }
    for missing in [
        "/api/files",
        "/api/files/posts",
        &format!("/api/files/posts/{id}"),
        &format!("/api/files/posts/{id}/"),
    ] {
        assert_eq!(guest.get(missing).status, 404, "{missing}");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        guest
            .send(method, &url(&post, &name), None, "")
            .refused(404);
    }
    // Names that clients choose lead nowhere either.
    for given in [
        "../../x.txt",
        "..\\x.txt",
        "/etc/passwd",
        "a/../../b.txt",
        "....//x",
        "con",
        &"y".repeat(1000),
    ] {
        upload(&guest, "posts", &[("doc", Some(given), b"b")]);
    }
    let inside = on_disk(&app, &posts);
    assert!(
        inside.len() == 8 && inside.iter().all(|path| path.split('/').count() == 2),
        "{inside:?}"
    );
    // A row that was changed behind the server's back serves nothing that is not its record's.
    for bad in [
        "../../../secret.txt",
        "..",
        "/etc/passwd",
        "%2e%2e/secret.txt",
    ] {
        app.execute(&format!(
            "UPDATE \"posts\" SET \"doc\" = '{bad}' WHERE \"id\" = '{id}'"
        ));
        let encoded: String = url::form_urlencoded::byte_serialize(bad.as_bytes()).collect();
        for path in [bad.to_owned(), encoded] {
            let got = guest.fetch("GET", &format!("/api/files/posts/{id}/{path}"), &[]);
            assert_eq!(got.status, 404, "{path}");
        }
    }
}

#[cfg(unix)]
#[test]
fn n33_a_link_in_the_storage_is_not_followed_out_of_it_by_a_name() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", json!([{"name": "doc", "type": "file"}]));
    let post = upload(&app.guest(), "posts", &[("doc", Some("a.txt"), b"a")]);
    let dir = app
        .home
        .storage()
        .join(posts["id"].as_str().expect("an id"));
    let dir = dir.join(post["id"].as_str().expect("an id"));
    std::os::unix::fs::symlink("/etc", dir.join("link")).expect("a link");
    for path in ["link", "link/passwd", "link%2fpasswd"] {
        let got = app.guest().fetch("GET", &url(&post, path), &[]);
        assert_eq!(got.status, 404);
    }
}

/// The sides and the format of a picture.
fn look(bytes: &[u8]) -> (u32, u32, image::ImageFormat) {
    let format = image::guess_format(bytes).expect("a picture");
    let picture = image::load_from_memory(bytes).expect("a whole picture");
    (picture.width(), picture.height(), format)
}

#[test]
fn small_pictures_are_made_once_of_the_sizes_that_there_are() {
    use image::ImageFormat::{Gif, Jpeg, Png, WebP};
    let app = TestApp::start();
    let fields = json!([{"name": "pics", "type": "file", "maxSelect": 9, "thumbs": ["10x10", "10x10f", "20x0", "0x20", "30x10t", "30x10b"]}]);
    let posts = app.open_collection("posts", fields);
    let guest = app.guest();
    let pictures = [
        ("a.png", Png),
        ("a.jpg", Jpeg),
        ("a.gif", Gif),
        ("a.webp", WebP),
    ];
    let pictures = pictures.map(|(name, format)| (name, picture(60, 40, format)));
    let mut parts: Vec<Part> = pictures
        .iter()
        .map(|(name, bytes)| ("pics", Some(*name), &bytes[..]))
        .collect();
    parts.push(("pics", Some("a.txt"), b"no picture"));
    parts.push((
        "pics",
        Some("a.svg"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ));
    let post = upload(&guest, "posts", &parts);
    let all = names(&post, "pics");
    for (name, format, kind) in [
        (&all[0], Png, "image/png"),
        (&all[1], Jpeg, "image/jpeg"),
        (&all[2], Gif, "image/gif"),
        (&all[3], Png, "image/png"),
    ] {
        for (size, width, height) in [
            ("10x10", 10, 10),
            ("10x10f", 10, 6),
            ("20x0", 20, 13),
            ("0x20", 30, 20),
            ("30x10t", 30, 10),
            ("30x10b", 30, 10),
            ("100x100", 100, 100),
        ] {
            let got = guest.fetch("GET", &format!("{}?thumb={size}", url(&post, name)), &[]);
            assert_eq!(look(&got.bytes), (width, height, format), "{name} {size}");
            assert_eq!(got.header("content-type"), kind);
            assert_eq!(
                got.header("content-disposition"),
                format!("inline; filename={size}_{name}")
            );
        }
        // Another size is not made, however often it is asked for.
        for size in ["11x11", "0x0", "", "abc", "10x10/../..", "4000x4000"] {
            let got = guest.fetch("GET", &format!("{}?thumb={size}", url(&post, name)), &[]);
            assert_eq!(
                got.header("content-disposition"),
                format!("inline; filename={name}"),
                "{size}"
            );
        }
    }
    for name in &all[4..] {
        let got = guest.fetch("GET", &format!("{}?thumb=10x10", url(&post, name)), &[]);
        assert_eq!(got.status, 200);
        assert_eq!(
            got.header("content-disposition"),
            format!("attachment; filename={name}")
        );
    }
    let id = post["id"].as_str().expect("an id");
    let sizes = [
        "10x10", "10x10f", "20x0", "0x20", "30x10t", "30x10b", "100x100",
    ];
    let thumb = |name: &String, size: &str| format!("{id}/thumbs_{name}/{size}_{name}");
    let thumbs = all[..4]
        .iter()
        .flat_map(|name| sizes.map(|size| thumb(name, size)));
    disk_becomes(&app, &posts, thumbs.chain(stored(&post, "pics")).collect());
    // They go with the picture.
    guest.patch(&path_of(&post), json!({"pics": all[5]})).ok();
    disk_becomes(&app, &posts, vec![format!("{id}/{}", all[5])]);
}

#[test]
fn many_who_ask_at_once_get_one_picture() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", json!([{"name": "pic", "type": "file"}]));
    let big = picture(900, 600, image::ImageFormat::Png);
    let post = upload(&app.guest(), "posts", &[("pic", Some("a.png"), &big)]);
    let path = format!("{}?thumb=100x100", url(&post, &names(&post, "pic")[0]));
    let got = at_once(12, |_| app.guest().fetch("GET", &path, &[]));
    assert!(got.iter().all(|got| got.status == 200));
    assert!(got.iter().all(|one| one.bytes == got[0].bytes));
    assert_eq!(look(&got[0].bytes).0, 100);
    assert_eq!(on_disk(&app, &posts).len(), 2);
}

#[test]
fn n36_a_picture_that_is_a_trap_is_served_as_it_is() {
    let app = TestApp::start();
    let fields = json!([{"name": "pic", "type": "file", "thumbs": ["99999x99999", "4294967295x1", "10x10"]}]);
    let posts = app.open_collection("posts", fields);
    let mut bomb = picture(1, 1, image::ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let mut short = png();
    short.truncate(60);
    for bytes in [&bomb, &short, &png()] {
        let post = upload(&app.guest(), "posts", &[("pic", Some("a.png"), bytes)]);
        let sizes: &[&str] = if *bytes == png() {
            &["99999x99999", "4294967295x1"]
        } else {
            &["10x10", "100x100"]
        };
        for size in sizes {
            let got = app.guest().fetch(
                "GET",
                &format!("{}?thumb={size}", url(&post, &names(&post, "pic")[0])),
                &[],
            );
            assert_eq!((got.status, &got.bytes), (200, bytes), "{size}");
        }
    }
    assert_eq!(on_disk(&app, &posts).len(), 3);
}

/// A collection whose protected files only owners may see, with a record of ann's.
fn protected(app: &TestApp) -> (Client, Client, Value) {
    let fields = json!([
        {"name": "owner", "type": "relation", "collectionId": "_pb_users_auth_"},
        {"name": "doc", "type": "file", "protected": true, "thumbs": ["10x10"]},
        {"name": "open", "type": "file"},
    ]);
    let posts = app.open_collection("posts", fields);
    let rule = json!({"viewRule": "@request.auth.id != '' && owner = @request.auth.id && @request.context = 'protectedFile'"});
    app.root()
        .patch(
            &format!("/api/collections/{}", posts["id"].as_str().expect("an id")),
            rule,
        )
        .ok();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let png = png();
    let parts: [Part; 3] = [
        ("owner", None, b"ann000000000000"),
        ("doc", Some("a.png"), &png),
        ("open", Some("o.txt"), b"open"),
    ];
    let post = upload(&app.guest(), "posts", &parts);
    (ann, bob, post)
}

fn token(client: &Client) -> String {
    let token = client.post("/api/files/token", json!({})).ok();
    token["token"].as_str().expect("a token").to_owned()
}

#[test]
fn n37_a_protected_file_is_for_whoever_may_view_its_record() {
    let app = TestApp::start();
    let (ann, bob, post) = protected(&app);
    let path = url(&post, &names(&post, "doc")[0]);
    let status = |token: &str| {
        app.guest()
            .fetch("GET", &format!("{path}?token={token}"), &[])
            .status
    };
    assert_eq!(app.guest().fetch("GET", &path, &[]).status, 404);
    assert_eq!(status(&token(&ann)), 200);
    assert_eq!(status(&token(app.root())), 200);
    // Another's token, one for something else, none, and nonsense.
    for wrong in [
        &token(&bob),
        &ann.token,
        &app.root().token,
        "",
        "abc",
        "a.b.c",
    ] {
        assert_eq!(status(wrong), 404, "{wrong}");
    }
    // The header is for the API: what a page embeds has none.
    let header = app
        .guest()
        .fetch("GET", &path, &[("Authorization", &ann.token)]);
    assert_eq!(header.status, 404);
    // A file token opens nothing else.
    let posing = Client {
        token: token(app.root()),
        ..app.guest()
    };
    posing.get("/api/collections").refused(401);
    posing.post("/api/files/token", json!({})).refused(401);
    // Small pictures, parts and headers are no way around.
    for (method, suffix, headers) in [
        ("GET", "?thumb=10x10", vec![]),
        ("HEAD", "", vec![]),
        ("GET", "", vec![("Range", "bytes=0-1")]),
        ("GET", "?thumb=100x100&download=1", vec![]),
        ("GET", "", vec![("If-None-Match", "*")]),
    ] {
        let got = app
            .guest()
            .fetch(method, &format!("{path}{suffix}"), &headers);
        assert_eq!(got.status, 404, "{method} {suffix}");
        assert_eq!(got.header("etag"), "");
    }
    // What is not protected is anybody's who has its name.
    let open = app
        .guest()
        .fetch("GET", &url(&post, &names(&post, "open")[0]), &[]);
    assert_eq!((open.status, &open.bytes[..]), (200, &b"open"[..]));
    app.guest().post("/api/files/token", json!({})).refused(401);
}

#[test]
fn n37_what_a_view_shows_is_served_by_the_rule_of_the_view() {
    let app = TestApp::start();
    let fields = json!([
        {"name": "doc", "type": "file", "protected": true, "thumbs": ["10x10"]},
        {"name": "more", "type": "file", "maxSelect": 5},
    ]);
    app.open_collection("posts", fields);
    let png = png();
    let parts: [Part; 3] = [
        ("doc", Some("a.png"), &png),
        ("more", Some("b.txt"), b"b"),
        ("more", Some("c.txt"), b"c"),
    ];
    let post = upload(&app.guest(), "posts", &parts);
    let view = |name: &str, query: &str, rule: &str| {
        let view = json!({"name": name, "type": "view", "viewQuery": query, "viewRule": rule});
        app.collection(view);
    };
    let mine = "@request.auth.id != '' && @request.context = 'protectedFile'";
    view("same", "select id, doc, more from posts", mine);
    let other = "select (id || 'x') as id, doc as paper, more from same";
    view("other", other, "@request.auth.id = 'nobody'");
    let (ann, id) = (app.user("ann"), post["id"].as_str().expect("an id"));
    let (doc, more) = (&names(&post, "doc")[0], &names(&post, "more")[1]);
    let status = |path: String| app.guest().fetch("GET", &path, &[]).status;
    let token = token(&ann);
    assert_eq!(status(format!("/api/files/same/{id}/{doc}")), 404);
    assert_eq!(
        status(format!("/api/files/same/{id}/{doc}?token={token}")),
        200
    );
    let small = format!("/api/files/same/{id}/{doc}?thumb=10x10&token={token}");
    let small = app.guest().fetch("GET", &small, &[]);
    assert_eq!(look(&small.bytes), (10, 10, image::ImageFormat::Png));
    assert_eq!(
        status(format!("/api/files/other/{id}x/{doc}?token={token}")),
        404
    );
    assert_eq!(status(format!("/api/files/other/{id}/{more}")), 404);
    // A view of a view, whose records have other ids.
    let found = app
        .guest()
        .fetch("GET", &format!("/api/files/other/{id}x/{more}"), &[]);
    assert_eq!((found.status, &found.bytes[..]), (200, &b"c"[..]));
    app.root().delete(&path_of(&post)).ok();
    assert_eq!(status(format!("/api/files/other/{id}x/{more}")), 404);
}

#[test]
fn n37_tokens_end() {
    let app = TestApp::start();
    let (ann, _, post) = protected(&app);
    let path = url(&post, &names(&post, "doc")[0]);
    let status = |token: &str| {
        app.guest()
            .fetch("GET", &format!("{path}?token={token}"), &[])
            .status
    };
    // With the password that they were made under.
    let before = token(&ann);
    assert_eq!(status(&before), 200);
    let change = json!({"password": "another horse", "passwordConfirm": "another horse", "oldPassword": PASSWORD});
    ann.update("users", "ann000000000000", change).ok();
    assert_eq!(status(&before), 404);
    // With their time.
    let old = token(app.root());
    app.clock.advance(Duration::from_secs(170));
    assert_eq!(status(&old), 200);
    app.clock.advance(Duration::from_secs(11));
    assert_eq!(status(&old), 404);
    let root = token(app.root());
    assert_eq!(status(&root), 200);
    // With the account, and with what the rule asks for.
    app.root()
        .delete("/api/collections/users/records/ann000000000000")
        .ok();
    assert_eq!(status(&before), 404);
    // A record that is gone has no files.
    app.root().delete(&path_of(&post)).ok();
    assert_eq!(status(&root), 404);
}

#[test]
fn n04_what_a_role_hides_is_not_served() {
    use super::policies::{join, permit, role};
    let app = TestApp::start();
    let fields = json!([
        {"name": "title", "type": "text"},
        {"name": "doc", "type": "file", "protected": true},
        {"name": "open", "type": "file"},
        {"name": "hidden", "type": "file", "protected": true, "hidden": true},
    ]);
    let posts = app.open_collection("posts", fields);
    let root = app.root();
    let parts: [Part; 3] = [
        ("doc", Some("a.txt"), b"a"),
        ("open", Some("b.txt"), b"b"),
        ("hidden", Some("c.txt"), b"c"),
    ];
    let post = upload(root, "posts", &parts);
    let ann = app.user("ann");
    let status = |client: &Client, field: &str| {
        let path = format!(
            "{}?token={}",
            url(&post, &names(&post, field)[0]),
            token(client)
        );
        app.guest().fetch("GET", &path, &[]).status
    };
    // The view rule lets everybody view the record, but not its hidden field.
    assert_eq!(
        (
            status(&ann, "doc"),
            status(&ann, "hidden"),
            status(root, "hidden")
        ),
        (200, 404, 200)
    );
    app.root()
        .patch(
            &format!("/api/collections/{}", posts["id"].as_str().expect("an id")),
            json!({"viewRule": null}),
        )
        .ok();
    assert_eq!((status(&ann, "doc"), status(&ann, "open")), (404, 200));
    let reader = role(&app, "reader", &[]);
    join(&app, &reader, "ann");
    let some = json!({"collection": "posts", "actions": ["view"], "effect": "allow", "fields": ["title", "open"]});
    permit(&app, &reader, some);
    assert_eq!((status(&ann, "doc"), status(&ann, "open")), (404, 200));
    let more = json!({"collection": "posts", "actions": ["view"], "effect": "allow", "fields": ["doc"], "condition": "title = 'yes'"});
    permit(&app, &reader, more);
    assert_eq!(status(&ann, "doc"), 404);
    root.patch(&path_of(&post), json!({"title": "yes"})).ok();
    assert_eq!(status(&ann, "doc"), 200);
    let never = json!({"collection": "posts", "actions": ["view"], "effect": "deny", "fields": ["doc", "open"]});
    permit(&app, &reader, never);
    assert_eq!(
        (
            status(&ann, "doc"),
            status(&ann, "open"),
            status(root, "doc")
        ),
        (404, 404, 200)
    );
}

#[test]
fn f10_a_name_with_plus_is_served_however_it_is_escaped() {
    let app = TestApp::start();
    app.open_collection(
        "things",
        json!([{"name": "f", "type": "file", "maxSelect": 9, "maxSize": 100_000, "thumbs": ["10x10"]}]),
    );
    let parts: [Part; 3] =
        ["main.c++", "x.a+b=c", "plain.txt"].map(|name| ("f", Some(name), b"text".as_slice()));
    let record = upload(app.root(), "things", &parts);
    let guest = app.guest();
    for name in names(&record, "f") {
        let all = |from: &str, to: &str| url(&record, &name.replace(from, to));
        for path in [
            all("", ""),
            all("+", "%2B"),
            all("+", "%2b"),
            all("=", "%3D"),
            all(".", "%2E"),
            all("_", "%5F"),
            format!("{}?thumb=10x10", all("+", "%2B")),
        ] {
            assert_eq!(guest.fetch("GET", &path, &[]).status, 200, "{path}");
            assert_eq!(guest.fetch("HEAD", &path, &[]).status, 200, "{path}");
        }
        // Escapes are undone once.
        for path in [all("+", "%252B"), all(".", "%252E"), all("+", "%20")] {
            if path.contains('%') {
                assert_eq!(guest.fetch("GET", &path, &[]).status, 404, "{path}");
            }
        }
    }
    // The other parts of a path are read in the same way.
    let id = record["id"].as_str().expect("an id");
    let escaped = id.bytes().fold(String::new(), |mut escaped, byte| {
        write!(escaped, "%{byte:02X}").expect("text");
        escaped
    });
    let name = &names(&record, "f")[0];
    let path = format!("/api/files/%74hings/{escaped}/{}", name.replace('+', "%2B"));
    assert_eq!(guest.fetch("GET", &path, &[]).status, 200, "{path}");
    guest
        .get(&format!("/api/collections/%74hings/records/{escaped}"))
        .ok();
    for id in [
        "a%2Fb",
        "a%252Fb",
        "%2E%2E%2F",
        "a%2Bb",
        "%25",
        "%C3%A9",
        "%FF",
    ] {
        guest
            .get(&format!("/api/collections/things/records/{id}"))
            .refused(404);
        assert_eq!(
            guest
                .fetch("GET", &format!("/api/files/things/{id}/{name}"), &[])
                .status,
            404,
            "{id}"
        );
    }
    let batch = |url: &str| {
        let requests = json!({"requests": [{"method": "PATCH", "url": url, "body": {}}]});
        app.root().post("/api/batch", requests).status
    };
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    assert_eq!(
        batch(&format!("/api/collections/%74hings/records/{escaped}")),
        200
    );
    assert_eq!(
        batch(&format!(
            "/api/collections/things/records/{}",
            escaped.replace('%', "%25")
        )),
        400
    );
    assert_eq!(batch("/api/collections/things/records/%zz"), 400);
}

#[test]
fn f10_ids_with_letters_of_all_kinds_are_found_by_their_address() {
    let app = TestApp::start();
    let id = json!({"name": "id", "type": "text", "primaryKey": true, "required": true, "system": true,
        "min": 1, "max": 30, "pattern": "^.+$", "autogeneratePattern": "[a-z0-9]{15}"});
    app.open_collection("free", json!([id]));
    for (id, path) in [
        ("a+b", "a%2Bb"),
        ("a+c", "a+c"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("a&b=c", "a%26b=c"),
    ] {
        app.root().create("free", json!({"id": id}));
        let found = app
            .guest()
            .get(&format!("/api/collections/free/records/{path}"))
            .ok();
        assert_eq!(found["id"], json!(id), "{path}");
    }
}

#[test]
fn n77_what_not_everybody_may_see_is_not_for_shared_caches() {
    let app = TestApp::start();
    let fields = json!([
        {"name": "open", "type": "file"},
        {"name": "closed", "type": "file", "protected": true, "mimeTypes": ["image/png"], "thumbs": ["10x10"]},
    ]);
    app.open_collection("posts", fields);
    let guest = app.guest();
    let png = png();
    let post = upload(
        &guest,
        "posts",
        &[
            ("open", Some("a.txt"), b"text"),
            ("closed", Some("b.png"), &png),
        ],
    );
    let member = app.user("ann");
    let token = member.post("/api/files/token", json!({})).ok();
    let token = token["token"].as_str().unwrap_or_default();
    let open = url(&post, &names(&post, "open")[0]);
    let closed = url(&post, &names(&post, "closed")[0]);
    let kept = |path: &str, headers: &[(&str, &str)]| {
        let got = guest.fetch("GET", path, headers);
        (got.status, got.header("cache-control").to_owned())
    };
    let for_all = "max-age=2592000, stale-while-revalidate=86400";
    let for_one = "private, no-cache";
    let with_token = format!("{closed}?token={token}");
    assert_eq!(kept(&open, &[]), (200, for_all.to_owned()));
    assert_eq!(kept(&with_token, &[]), (200, for_one.to_owned()));
    assert_eq!(
        kept(&format!("{with_token}&thumb=10x10"), &[]),
        (200, for_one.to_owned())
    );
    assert_eq!(
        kept(&format!("{with_token}&download=1"), &[]),
        (200, for_one.to_owned())
    );
    // rclone's server, where the tests' files may be, answers a range with all of the file.
    if crate::support::s3().is_none() {
        assert_eq!(
            kept(&with_token, &[("Range", "bytes=0-1")]),
            (206, for_one.to_owned())
        );
    }
    assert_eq!(
        kept(&with_token, &[("If-None-Match", "*")]),
        (304, for_one.to_owned())
    );
    // What the API answers is nobody else's either, nor is a refusal.
    for path in [
        "/api/collections/posts/records",
        "/api/collections/posts",
        "/api/logs",
        "/api/health",
        "/api/files/posts/abc/def.png",
        "/nowhere",
    ] {
        assert_eq!(kept(path, &[]).1, "no-store", "{path}");
    }
}

#[test]
fn n77_no_file_is_a_script_or_a_style_sheet_of_a_page() {
    let app = TestApp::start();
    app.open_collection("posts", json!([{"name": "doc", "type": "file"}]));
    let guest = app.guest();
    for (given, content) in [
        ("a.js", &b"alert(1)"[..]),
        ("a.mjs", b"export default 1"),
        ("a.css", b"a{}"),
        ("a.txt", b"#!/usr/bin/env node\nalert(1)"),
        ("noext", b"#!/usr/bin/node\nalert(1)"),
        ("a.cjs", b"'use strict';\nfunction a() {}"),
    ] {
        let post = upload(&guest, "posts", &[("doc", Some(given), content)]);
        let got = guest.fetch("GET", &url(&post, &names(&post, "doc")[0]), &[]);
        assert_eq!(got.bytes, content);
        let kind = got.header("content-type");
        assert!(
            !kind.contains("script") && !kind.contains("css"),
            "{given}: {kind}"
        );
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert!(got.header("content-disposition").starts_with("attachment"));
    }
}
