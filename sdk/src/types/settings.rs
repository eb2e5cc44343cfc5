use serde::{Deserialize, Serialize};

/// Settings that superusers can change while the server runs. Sections of features that the server does not have exist
/// for compatibility with PocketBase's clients, and cannot be enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// IP addresses that superusers may connect from. Not supported: always empty.
    #[serde(rename = "superuserIPs")]
    pub superuser_ips: Vec<String>,
    /// The mail server. Read-only: it is set in the server's configuration.
    pub smtp: SmtpSettings,
    /// Backups. Not supported.
    pub backups: BackupSettings,
    /// Storage of files. Read-only: it is set in the server's configuration.
    pub s3: S3Settings,
    /// The application, as e-mails introduce it.
    pub meta: MetaSettings,
    /// Rate limits. Not supported.
    pub rate_limits: RateLimitSettings,
    /// Trusted proxy headers. Not supported.
    pub trusted_proxy: TrustedProxySettings,
    /// Batches: several changes in one request.
    pub batch: BatchSettings,
    /// The log of requests.
    pub logs: LogSettings,
}

/// The application, as e-mails introduce it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct MetaSettings {
    /// The accent colour of PocketBase's dashboard; the console ignores it.
    pub accent_color: String,
    /// The application's name.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub app_name: String,
    /// The application's public URL.
    #[serde(rename = "appURL")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub app_url: String,
    /// The sender's name in e-mails.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub sender_name: String,
    /// The sender's address in e-mails.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub sender_address: String,
    /// Whether PocketBase's dashboard hides its controls for collections; the console ignores it.
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

/// Batches: several changes in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct BatchSettings {
    /// Whether batches are enabled.
    pub enabled: bool,
    /// The maximum number of changes.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub max_requests: i64,
    /// The maximum duration in seconds.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub timeout: i64,
    /// The maximum size of the request in bytes; 0 means 128 MB.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
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

/// The log of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct LogSettings {
    /// The number of days that entries are kept; 0 disables the log.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub max_days: i64,
    /// The minimum severity: -4 debug, 0 info, 4 warning, 8 error.
    pub min_level: i64,
    /// Whether IP addresses are logged.
    #[serde(rename = "logIP")]
    pub log_ip: bool,
    /// Whether the ids of accounts are logged.
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

/// The mail server, in PocketBase's format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct SmtpSettings {
    /// Whether it is enabled: always false.
    pub enabled: bool,
    /// The port.
    pub port: i64,
    /// The host name.
    pub host: String,
    /// The user name for authentication.
    pub username: String,
    /// The authentication method.
    pub auth_method: String,
    /// Whether the connection uses TLS from the start.
    pub tls: bool,
    /// The name that the client sends in `EHLO`.
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

/// Backups, in PocketBase's format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct BackupSettings {
    /// The schedule as a cron expression: always empty.
    pub cron: String,
    /// The number of backups that are kept.
    pub cron_max_keep: i64,
    /// The storage of backups.
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

/// S3-compatible storage, in PocketBase's format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct S3Settings {
    /// Whether it is enabled: always false.
    pub enabled: bool,
    /// The bucket.
    pub bucket: String,
    /// The region.
    pub region: String,
    /// The endpoint URL.
    pub endpoint: String,
    /// The access key id.
    pub access_key: String,
    /// Whether the bucket is addressed in the path instead of the host name.
    pub force_path_style: bool,
}

/// Rate limits, in PocketBase's format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitSettings {
    /// The rules.
    pub rules: Vec<RateLimitRule>,
    /// IP addresses without limits.
    #[serde(rename = "excludedIPs")]
    pub excluded_ips: Vec<String>,
    /// Whether it is enabled: always false.
    pub enabled: bool,
}

/// A rate limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitRule {
    /// The routes that the rule applies to.
    pub label: String,
    /// The callers that it applies to: `@guest`, `@auth`, or everyone if empty.
    pub audience: String,
    /// The length of the interval in seconds.
    pub duration: i64,
    /// The maximum number of requests per interval.
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

/// Trusted proxy headers, in PocketBase's format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TrustedProxySettings {
    /// The names of the headers: always empty.
    pub headers: Vec<String>,
    /// Whether to use the leftmost of several addresses.
    #[serde(rename = "useLeftmostIP")]
    pub use_leftmost_ip: bool,
}

/// A test e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TestMail {
    /// The recipient's address.
    #[cfg_attr(feature = "openapi", schema(required, format = Email, max_length = 255))]
    pub email: String,
    /// The template: `verification`, `password-reset`, `email-change`, `otp` or `login-alert`.
    #[cfg_attr(feature = "openapi", schema(required, value_type = super::schema::TestMailTemplate))]
    pub template: String,
    /// The auth collection whose template is used; `_superusers` if empty.
    pub collection: String,
}
