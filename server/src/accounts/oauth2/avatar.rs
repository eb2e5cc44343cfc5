//! Downloads the picture of a user.
//!
//! The user chooses the URL, so only public addresses are called, whatever `outbound_allow` says.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::LOCATION;
use tokio::time::timeout;

use crate::files::{Spool, Upload};
use crate::outbound::{Outbound, causes, parse_url};

/// The maximum time of a download.
const MAX_TIME: Duration = Duration::from_secs(10);
/// The maximum size of a picture.
const MAX_SIZE: usize = 32 << 20;
/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;
/// How much of a picture is kept in memory.
const MAX_MEMORY: usize = 256 << 10;

/// Downloads a picture for a field.
pub(crate) async fn download(
    outbound: &Outbound,
    url: &str,
    field: &str,
) -> Result<Upload, String> {
    let download = timeout(MAX_TIME, download_patiently(outbound, url, field)).await;
    download.unwrap_or_else(|_| Err("it takes too long".to_owned()))
}

async fn download_patiently(outbound: &Outbound, url: &str, field: &str) -> Result<Upload, String> {
    let failed = |error: reqwest::Error| causes(&error.without_url());
    let mut url = parse_url(url).map_err(str::to_owned)?;
    for _ in 0..=MAX_REDIRECTS {
        let client = outbound.client(&url).await?;
        let mut response = client.get(url.clone()).send().await.map_err(failed)?;
        if response.status().is_redirection() {
            let to = response.headers().get(LOCATION);
            let to = to.and_then(|to| to.to_str().ok()).unwrap_or_default();
            let to = url.join(to).map_err(|error| error.to_string())?;
            url = parse_url(to.as_str()).map_err(str::to_owned)?;
            continue;
        }
        if response.status() != StatusCode::OK {
            return Err(format!("the answer is {}", response.status()));
        }
        let name = url
            .path_segments()
            .and_then(Iterator::last)
            .unwrap_or_default();
        let name = if name.is_empty() { "avatar" } else { name };
        let (name, mut size) = (name.to_owned(), 0);
        let mut spool = Spool::within(MAX_MEMORY);
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            size += piece.len();
            if size > MAX_SIZE {
                return Err("it is larger than 32 MiB".to_owned());
            }
            spool
                .push(&piece)
                .await
                .map_err(|error| error.to_string())?;
        }
        let upload = spool.finish(field.to_owned(), name).await;
        return upload.map_err(|error| error.to_string());
    }
    Err("there are too many redirects".to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers each request with the next of these answers, and returns the URL.
    fn serve(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/pictures/me.png", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                let head = "Connection: close\r\n";
                let answer = answer.replacen("\r\n", &format!("\r\n{head}"), 1);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        url
    }

    fn run(outbound: &Outbound, url: &str) -> Result<Upload, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        actix_web::rt::System::new().block_on(download(outbound, url, "avatar"))
    }

    #[test]
    fn a_picture_is_downloaded_also_behind_a_redirect() {
        let here = Outbound::new(&["127.0.0.1".to_owned()]).unwrap();
        let picture = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_owned();
        let moved =
            "HTTP/1.1 302 Found\r\nLocation: ../you.png\r\nContent-Length: 0\r\n\r\n".to_owned();
        let upload = run(&here, &serve(vec![moved.clone(), picture])).unwrap();
        assert_eq!(
            (upload.key.as_str(), upload.name.as_str(), upload.size),
            ("avatar", "you.png", 3)
        );
        assert_eq!(upload.read(0, 10).unwrap(), b"abc");
        let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned();
        assert!(run(&here, &serve(vec![missing])).is_err());
        assert!(run(&here, &serve(vec![moved; 5])).is_err());
    }

    #[test]
    fn n39_pictures_are_not_fetched_from_the_internal_network() {
        let url = serve(Vec::new());
        let why = run(&Outbound::default(), &url).unwrap_err();
        assert!(why.contains("not a public address"), "{why}");
        let here = Outbound::new(&["127.0.0.1".to_owned()]).unwrap();
        let away =
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/x\r\nContent-Length: 0\r\n\r\n";
        let why = run(&here, &serve(vec![away.to_owned()])).unwrap_err();
        assert!(why.contains("not a public address"), "{why}");
    }
}
