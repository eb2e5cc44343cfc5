//! Requests by number, and what their answers must be.

use std::cell::Cell;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::http::{Answer, Request};

/// Whether an answer is the one to request `n`.
pub(crate) type Check = Box<dyn Fn(u64, &Answer) -> Result<()>>;

/// What is sent to a server in one measurement.
pub(crate) struct Traffic {
    pub(crate) token: Option<String>,
    pub(crate) request: Box<dyn Fn(u64) -> Request>,
    pub(crate) check: Check,
    pub(crate) numbers: Rc<Cell<u64>>,
}

impl Traffic {
    /// A number that no request to this server had.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.replace(self.numbers.get() + 1)
    }
}

/// What every page of a list has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    pub(crate) items: Vec<IgnoredAny>,
    pub(crate) total_items: i64,
}

pub(crate) fn expect(answer: &Answer, status: StatusCode) -> Result<()> {
    ensure!(
        answer.status == status,
        "{} instead of {status}: {}",
        answer.status,
        text(answer)
    );
    Ok(())
}

pub(crate) fn expect_success(answer: &Answer) -> Result<()> {
    let status = answer.status;
    ensure!(status.is_success(), "{status}: {}", text(answer));
    Ok(())
}

/// A record with these values.
pub(crate) fn expect_record(answer: &Answer, field: &str, value: &str) -> Result<()> {
    expect(answer, StatusCode::OK)?;
    let record: serde_json::Value = serde_json::from_slice(&answer.body).context("not JSON")?;
    ensure!(
        record[field] == value,
        "not {field} = {value}: {}",
        text(answer)
    );
    ensure!(
        record["id"].as_str().map(str::len) == Some(15),
        "no id: {}",
        text(answer)
    );
    Ok(())
}

pub(crate) fn expect_page(answer: &Answer) -> Result<Page> {
    expect(answer, StatusCode::OK)?;
    serde_json::from_slice(&answer.body).with_context(|| format!("not a page: {}", text(answer)))
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body)
        .chars()
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: StatusCode, body: &'static str) -> Answer {
        let body = body.as_bytes().into();
        Answer { status, body }
    }

    #[test]
    fn what_is_not_the_expected_answer_is_an_error() {
        let record = r#"{"id":"row000000000001","title":"Post 1"}"#;
        assert!(expect_record(&answer(StatusCode::OK, record), "title", "Post 1").is_ok());
        assert!(expect_record(&answer(StatusCode::OK, record), "title", "Post 2").is_err());
        assert!(expect_record(&answer(StatusCode::CREATED, record), "title", "Post 1").is_err());
        assert!(expect_record(&answer(StatusCode::OK, "{}"), "title", "Post 1").is_err());

        let page = expect_page(&answer(
            StatusCode::OK,
            r#"{"items":[{},{}],"totalItems":7}"#,
        ));
        assert!(page.is_ok_and(|page| page.items.len() == 2 && page.total_items == 7));
        assert!(expect_page(&answer(StatusCode::OK, r#"{"items":[]}"#)).is_err());
        assert!(expect_page(&answer(StatusCode::BAD_REQUEST, "{}")).is_err());
    }
}
