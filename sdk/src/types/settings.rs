use serde::{Deserialize, Serialize};

/// What superusers set while the server runs. Sections that the server does not have yet are there for clients that
/// look for them; they cannot be switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Addresses that superusers may come from. Not there yet: always empty.
    #[serde(rename = "superuserIPs")]
    pub superuser_ips: Vec<String>,
    /// The mail server. Not there yet: it is in the server's configuration.
    pub smtp: SmtpSettings,
    /// Backups. Not there yet.
    pub backups: BackupSettings,
    /// Where files are kept. Not there yet.
    pub s3: S3Settings,
    /// What mails say of the application.
    pub meta: MetaSettings,
    /// How often who may ask. Not there yet.
    pub rate_limits: RateLimitSettings,
    /// Which headers of a proxy are believed. Not there yet.
    pub trusted_proxy: TrustedProxySettings,
    /// Several changes in one request.
    pub batch: BatchSettings,
    /// What is kept of requests.
    pub logs: LogSettings,
}

/// What mails say of the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetaSettings {
    /// The colour of PocketBase's dashboard; the console has its own.
    pub accent_color: String,
    /// What the application is called.
    pub app_name: String,
    /// Where people reach it.
    #[serde(rename = "appURL")]
    pub app_url: String,
    /// The name that mails come from.
    pub sender_name: String,
    /// The address that mails come from.
    pub sender_address: String,
    /// Whether PocketBase's dashboard lets collections be changed; the console asks the roles.
    pub hide_controls: bool,
}

impl Default for MetaSettings {
    fn default() -> Self {
        Self {
            accent_color: "#1055c9".to_owned(),
            app_name: String::new(),
            app_url: String::new(),
            sender_name: String::new(),
            sender_address: String::new(),
            hide_controls: false,
        }
    }
}

/// Several changes in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchSettings {
    /// Whether there is such a thing.
    pub enabled: bool,
    /// The most changes.
    pub max_requests: i64,
    /// The most seconds that they may take.
    pub timeout: i64,
    /// The most bytes of the request; 0 means 128 MB.
    pub max_body_size: i64,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            max_requests: 50,
            timeout: 3,
            max_body_size: 0,
        }
    }
}

/// What is kept of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogSettings {
    /// For how many days; 0 keeps nothing.
    pub max_days: i64,
    /// The least level: -4 debug, 0 info, 4 warnings, 8 errors.
    pub min_level: i64,
    /// Whether addresses are kept.
    #[serde(rename = "logIP")]
    pub log_ip: bool,
    /// Whether the ids of accounts are kept.
    pub log_auth_id: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            max_days: 5,
            min_level: 0,
            log_ip: true,
            log_auth_id: false,
        }
    }
}

/// The mail server, as PocketBase has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SmtpSettings {
    /// Always false.
    pub enabled: bool,
    /// Its port.
    pub port: i64,
    /// Its name.
    pub host: String,
    /// Who signs in.
    pub username: String,
    /// How.
    pub auth_method: String,
    /// Whether it is encrypted from the start.
    pub tls: bool,
    /// What the server calls itself.
    pub local_name: String,
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            port: 587,
            host: "smtp.example.com".to_owned(),
            username: String::new(),
            auth_method: String::new(),
            tls: false,
            local_name: String::new(),
        }
    }
}

/// Backups, as PocketBase has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackupSettings {
    /// When; always empty.
    pub cron: String,
    /// How many are kept.
    pub cron_max_keep: i64,
    /// Where.
    pub s3: S3Settings,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            cron: String::new(),
            cron_max_keep: 3,
            s3: S3Settings::default(),
        }
    }
}

/// A place for files, as PocketBase has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct S3Settings {
    /// Always false.
    pub enabled: bool,
    /// The bucket.
    pub bucket: String,
    /// The region.
    pub region: String,
    /// The address.
    pub endpoint: String,
    /// The name of the key.
    pub access_key: String,
    /// Whether the bucket is in the path.
    pub force_path_style: bool,
}

/// How often who may ask, as PocketBase has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitSettings {
    /// The limits.
    pub rules: Vec<RateLimitRule>,
    /// Who has none.
    #[serde(rename = "excludedIPs")]
    pub excluded_ips: Vec<String>,
    /// Always false.
    pub enabled: bool,
}

/// One limit of [`RateLimitSettings`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitRule {
    /// What it is of.
    pub label: String,
    /// Whose: `@guest`, `@auth`, or everybody's when empty.
    pub audience: String,
    /// In how many seconds.
    pub duration: i64,
    /// The most requests.
    pub max_requests: i64,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        let rule = |label: &str, max_requests, duration| RateLimitRule {
            label: label.to_owned(),
            audience: String::new(),
            duration,
            max_requests,
        };
        Self {
            rules: vec![
                rule("*:auth", 2, 3),
                rule("*:create", 20, 5),
                rule("/api/batch", 3, 1),
                rule("/api/", 300, 10),
            ],
            excluded_ips: Vec::new(),
            enabled: false,
        }
    }
}

/// Which headers of a proxy are believed, as PocketBase has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrustedProxySettings {
    /// Always empty.
    pub headers: Vec<String>,
    /// Which of several addresses.
    #[serde(rename = "useLeftmostIP")]
    pub use_leftmost_ip: bool,
}

/// A mail to see whether mails arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestMail {
    /// Where to.
    pub email: String,
    /// Which: `verification`, `password-reset`, `email-change`, `otp` or `login-alert`.
    pub template: String,
    /// Whose accounts'; superusers' when empty.
    pub collection: String,
}
