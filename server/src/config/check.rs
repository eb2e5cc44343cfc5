//! Validates the settings beyond their types.

use anyhow::bail;

use super::Config;

/// Upper limit of the memory budgets in MiB: 1 TiB.
const MAX_BUDGET: usize = 1 << 20;

/// Upper limit in seconds of each phase of a stop.
const MAX_STOPPING: u64 = 3600;

impl Config {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.database_connections < 2 {
            bail!("the setting database_connections must be at least 2");
        }
        if self.guest_queries == 0 {
            bail!("the setting guest_queries must be at least 1");
        }
        if self.workers == 0 || self.hashing_threads == 0 {
            bail!("the settings workers and hashing_threads must be at least 1");
        }
        self.check_budgets()?;
        self.check_stopping_and_metrics()?;
        self.check_storage()?;
        self.location()?;
        Ok(())
    }

    fn check_budgets(&self) -> anyhow::Result<()> {
        let budgets = [
            ("bodies_mb", self.bodies_mb),
            ("answers_mb", self.answers_mb),
            ("answer_mb", self.answer_mb),
        ];
        for (name, megabytes) in budgets {
            if !(1..=MAX_BUDGET).contains(&megabytes) {
                bail!("the setting {name} must be between 1 and {MAX_BUDGET}");
            }
        }
        if self.log_max_rows == 0 || self.log_max_mb == 0 {
            bail!("the settings log_max_rows and log_max_mb must be at least 1");
        }
        Ok(())
    }

    fn check_storage(&self) -> anyhow::Result<()> {
        let has_key = !self.s3_access_key.is_empty();
        if has_key == self.s3_secret.is_empty() {
            bail!("the settings s3_access_key and s3_secret belong together");
        }
        if self.s3_bucket.is_empty() {
            if has_key || !self.s3_endpoint.is_empty() {
                bail!("the settings of S3 need s3_bucket");
            }
            return Ok(());
        }
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_word(&self.s3_access_key) || self.s3_secret.chars().any(char::is_control) {
            bail!(
                "the settings s3_access_key and s3_secret must have no spaces and no line breaks"
            );
        }
        let is_address = |start| self.s3_endpoint.starts_with(start);
        if !self.s3_endpoint.is_empty() && !is_address("https://") && !is_address("http://") {
            bail!("the setting s3_endpoint must begin with https:// or http://");
        }
        if self.s3_endpoint.contains('@') {
            bail!(
                "the setting s3_endpoint must have no user and no password: s3_access_key and s3_secret do"
            );
        }
        Ok(())
    }

    fn check_stopping_and_metrics(&self) -> anyhow::Result<()> {
        if self.ready_delay_seconds > MAX_STOPPING || self.drain_seconds > MAX_STOPPING {
            bail!(
                "the settings ready_delay_seconds and drain_seconds must be at most {MAX_STOPPING}"
            );
        }
        if !self
            .metrics_token
            .bytes()
            .all(|byte| byte.is_ascii_graphic())
        {
            // No header could carry it.
            bail!("the setting metrics_token must be of printable ASCII characters without spaces");
        }
        if !self.metrics_http.is_empty() && self.metrics_http == self.http {
            bail!("the setting metrics_http must be another address than http");
        }
        Ok(())
    }
}
