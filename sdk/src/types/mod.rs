//! The wire types: JSON bodies of requests and responses.

mod auth;
mod batch;
mod collection;
mod field;
mod kinds;
mod list;
mod logs;
mod metrics;
mod new;
mod policy;
mod problem;
#[cfg(feature = "openapi")]
mod schema;
mod settings;
mod setup;
mod system;

pub use auth::{
    AppleSecret, AppleSecretRequest, AudienceToken, AudienceTokenRequest, AuthMethods, AuthResult,
    EmailChange, EmailChangeRequest, FileToken, Impersonation, KeySet, MailRequest, OAuth2Method,
    OAuth2Offer, OAuth2SignIn, OAuth2Start, OAuth2User, OtpRequested, OtpSignIn, PasswordMethod,
    PasswordReset, PublicKey, RecoveryCodes, SecondFactor, SignIn, SignInDelay, TotpCode,
    TotpSecret, TotpSignIn, Verification,
};
pub use batch::{Batch, BatchRequest, BatchResult};
pub use collection::{
    AuthAlert, AuthOptions, Collection, CollectionType, EmailTemplate, Import, Mfa, OAuth2,
    OAuth2MappedFields, OAuth2Provider, Otp, PasswordAuth, Scaffolds, Token, ViewQuery, ViewSample,
};
pub use field::{
    AutodateOptions, BoolOptions, DateOptions, EditorOptions, EmailOptions, Field, FieldKind,
    FileOptions, GeoPointOptions, JsonOptions, MAX_SAFE_INTEGER, NumberOptions, PasswordOptions,
    RelationOptions, SelectOptions, TextOptions, UrlOptions,
};
pub use list::Page;
pub use logs::{Log, LogHour};
pub use metrics::{Minute, Overview, Readiness};
pub use policy::{
    Areas, AssertionResult, AssertionResults, Assertions, DecidedBy, PolicyAnswer, PolicyQuestion,
    Subject,
};
pub use problem::{FieldProblem, FieldProblems, Problem};
pub use settings::{
    BackupSettings, BatchSettings, LogSettings, MetaSettings, RateLimitRule, RateLimitSettings,
    S3Settings, Settings, SmtpSettings, TestMail, TrustedProxySettings,
};
pub use setup::{FirstSuperuser, Setup};
pub use system::{
    AREAS, AuthSession, Cron, Job, JobPreview, JobRun, JobSchedule, Mail, Member, Permission, Role,
    Suspension, names,
};
