//! The services (OAuth2 providers) for sign-ins, as data: their URLs, and where their answers have what.
//!
//! Paths into answers are JSON pointers; an empty one means that there is no such value.

/// A service.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// The name in definitions.
    pub name: &'static str,
    /// The name for people.
    pub display_name: &'static str,
    /// The URL of the authorization page; empty if it depends on the installation.
    pub auth_url: &'static str,
    /// The URL that exchanges a code for a token.
    pub token_url: &'static str,
    /// The URL that describes the user.
    pub user_url: &'static str,
    /// The scopes, separated by spaces.
    pub scope: &'static str,
    /// Whether the service supports PKCE.
    pub pkce: bool,
    /// How the user is described.
    pub source: Source,
    /// Where the description has what.
    pub profile: Profile,
}

/// How a service describes the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// By an answer to a `GET`.
    UserInfo,
    /// By an answer to this GraphQL query.
    Query(&'static str),
    /// By an ID token (OpenID Connect), and by an answer to a `GET` if there is a URL for it.
    IdToken,
}

/// Paths into the description of a user.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// The id of the user.
    pub id: &'static str,
    /// The parts of the person's name.
    pub name: &'static [&'static str],
    /// The name of the account.
    pub username: &'static str,
    /// The URL of a picture.
    pub avatar: &'static str,
    /// The address, and whether the service has verified it.
    pub email: Email,
    /// A path, and the value there if the account is in use.
    pub active: Option<(&'static str, &'static str)>,
}

/// What a service says about the user's address.
#[derive(Clone, Copy, Debug)]
pub enum Email {
    /// Nothing that could be used.
    Never,
    /// The address at this path. The service documents that it hands out verified addresses only.
    Verified(&'static str),
    /// The address at this path. Whether it is verified is not known, so it counts as unverified.
    Unknown(&'static str),
    /// The address at the first path, verified if all the others have a value that is not false, empty or null.
    If(&'static str, &'static [&'static str]),
    /// An address that a second answer has; see the functions for these services.
    Asked,
}

const PLAIN: Profile = Profile {
    id: "/id",
    name: &["/name"],
    username: "",
    avatar: "",
    email: Email::Never,
    active: None,
};

/// The claims of OpenID Connect.
const CLAIMS: Profile = Profile {
    id: "/sub",
    username: "/preferred_username",
    avatar: "/picture",
    email: Email::If("/email", &["/email_verified"]),
    ..PLAIN
};

/// Returns the service with this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    ALL.iter().find(|provider| provider.name == name)
}

const fn provider(
    [name, display_name]: [&'static str; 2],
    [auth_url, token_url, user_url]: [&'static str; 3],
    scope: &'static str,
    profile: Profile,
) -> Provider {
    Provider {
        name,
        display_name,
        auth_url,
        token_url,
        user_url,
        scope,
        pkce: true,
        source: Source::UserInfo,
        profile,
    }
}

#[expect(
    clippy::large_types_passed_by_value,
    reason = "evaluated by the compiler"
)]
const fn without_pkce(provider: Provider) -> Provider {
    Provider {
        pkce: false,
        ..provider
    }
}

#[expect(
    clippy::large_types_passed_by_value,
    reason = "evaluated by the compiler"
)]
const fn by(source: Source, provider: Provider) -> Provider {
    Provider { source, ..provider }
}

const fn oidc(name: &'static str) -> Provider {
    let names = [name, "OIDC"];
    let scope = "openid email profile";
    by(
        Source::IdToken,
        provider(names, ["", "", ""], scope, CLAIMS),
    )
}

/// All services, in the order in which they are offered.
#[rustfmt::skip]
pub(crate) const ALL: &[Provider] = &[
    by(Source::IdToken, provider(["apple", "Apple"],
        ["https://appleid.apple.com/auth/authorize", "https://appleid.apple.com/auth/token", ""],
        "name email",
        Profile { username: "", avatar: "", ..CLAIMS })),
    provider(["google", "Google"],
        ["https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v3/userinfo"],
        "https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/userinfo.email",
        Profile { username: "", ..CLAIMS }),
    // An administrator of any tenant can write any address into `mail`.
    provider(["microsoft", "Microsoft"],
        ["https://login.microsoftonline.com/common/oauth2/v2.0/authorize", "https://login.microsoftonline.com/common/oauth2/v2.0/token", "https://graph.microsoft.com/v1.0/me"],
        "User.Read",
        Profile { name: &["/displayName"], email: Email::Unknown("/mail"), ..PLAIN }),
    provider(["yandex", "Yandex"],
        ["https://oauth.yandex.com/authorize", "https://oauth.yandex.com/token", "https://login.yandex.ru/info"],
        "login:email login:avatar login:info",
        Profile { name: &["/real_name"], username: "/login", email: Email::Verified("/default_email"), ..PLAIN }),
    provider(["facebook", "Facebook"],
        ["https://www.facebook.com/v3.2/dialog/oauth", "https://graph.facebook.com/v3.2/oauth/access_token", "https://graph.facebook.com/me?fields=name,email,picture.type(large)"],
        "email",
        Profile { avatar: "/picture/data/url", email: Email::Unknown("/email"), ..PLAIN }),
    provider(["instagram2", "Instagram"],
        ["https://www.instagram.com/oauth/authorize", "https://api.instagram.com/oauth/access_token", "https://graph.instagram.com/me?fields=id,username,account_type,user_id,name,profile_picture_url,followers_count,follows_count,media_count"],
        "instagram_business_basic",
        Profile { id: "/user_id", username: "/username", avatar: "/profile_picture_url", ..PLAIN }),
    provider(["github", "GitHub"],
        ["https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token", "https://api.github.com/user"],
        "read:user user:email",
        Profile { username: "/login", avatar: "/avatar_url", email: Email::Asked, ..PLAIN }),
    provider(["gitlab", "GitLab"],
        ["https://gitlab.com/oauth/authorize", "https://gitlab.com/oauth/token", "https://gitlab.com/api/v4/user"],
        "read_user",
        Profile { username: "/username", avatar: "/avatar_url", email: Email::If("/email", &["/confirmed_at"]), ..PLAIN }),
    without_pkce(provider(["bitbucket", "Bitbucket"],
        ["https://bitbucket.org/site/oauth2/authorize", "https://bitbucket.org/site/oauth2/access_token", "https://api.bitbucket.org/2.0/user"],
        "account",
        Profile { id: "/uuid", name: &["/display_name"], username: "/username", avatar: "/links/avatar/href", email: Email::Asked, active: Some(("/account_status", "active")) })),
    provider(["gitee", "Gitee"],
        ["https://gitee.com/oauth/authorize", "https://gitee.com/oauth/token", "https://gitee.com/api/v5/user"],
        "user_info emails",
        Profile { username: "/login", avatar: "/avatar_url", email: Email::Asked, ..PLAIN }),
    provider(["gitea", "Gitea/Forgejo"],
        ["https://gitea.com/login/oauth/authorize", "https://gitea.com/login/oauth/access_token", "https://gitea.com/api/v1/user"],
        "read:user user:email",
        Profile { name: &["/full_name"], username: "/login", avatar: "/avatar_url", email: Email::Asked, active: Some(("/active", "true")), ..PLAIN }),
    provider(["discord", "Discord"],
        ["https://discord.com/api/oauth2/authorize", "https://discord.com/api/oauth2/token", "https://discord.com/api/users/@me"],
        "identify email",
        Profile { name: &["/global_name"], username: "/username", email: Email::If("/email", &["/verified"]), ..PLAIN }),
    provider(["twitter", "X/Twitter"],
        ["https://x.com/i/oauth2/authorize", "https://api.x.com/2/oauth2/token", "https://api.x.com/2/users/me?user.fields=id,name,username,profile_image_url,confirmed_email"],
        "users.read users.email tweet.read",
        Profile { id: "/data/id", name: &["/data/name"], username: "/data/username", avatar: "/data/profile_image_url", email: Email::Verified("/data/confirmed_email"), ..PLAIN }),
    provider(["kakao", "Kakao"],
        ["https://kauth.kakao.com/oauth/authorize", "https://kauth.kakao.com/oauth/token", "https://kapi.kakao.com/v2/user/me"],
        "account_email profile_nickname profile_image",
        Profile { name: &[], username: "/properties/nickname", avatar: "/properties/profile_image", email: Email::If("/kakao_account/email", &["/kakao_account/is_email_valid", "/kakao_account/is_email_verified"]), ..PLAIN }),
    without_pkce(provider(["vk", "ВКонтакте"],
        ["https://oauth.vk.com/authorize", "https://oauth.vk.com/access_token", "https://api.vk.com/method/users.get?fields=photo_max,screen_name&v=5.131"],
        "email",
        Profile { id: "/response/0/id", name: &["/response/0/first_name", "/response/0/last_name"], username: "/response/0/screen_name", avatar: "/response/0/photo_max", email: Email::Asked, ..PLAIN })),
    by(Source::Query("query Me { viewer { id displayName name email avatarUrl active } }"), without_pkce(provider(["linear", "Linear"],
        ["https://linear.app/oauth/authorize", "https://api.linear.app/oauth/token", "https://api.linear.app/graphql"],
        "read",
        Profile { id: "/data/viewer/id", name: &["/data/viewer/name"], username: "/data/viewer/displayName", avatar: "/data/viewer/avatarUrl", email: Email::Unknown("/data/viewer/email"), active: Some(("/data/viewer/active", "true")) }))),
    provider(["notion", "Notion"],
        ["https://api.notion.com/v1/oauth/authorize", "https://api.notion.com/v1/oauth/token", "https://api.notion.com/v1/users/me"],
        "",
        Profile { id: "/bot/owner/user/id", name: &["/bot/owner/user/name"], avatar: "/bot/owner/user/avatar_url", email: Email::Unknown("/bot/owner/user/person/email"), ..PLAIN }),
    by(Source::Query("query { me { id enabled name email is_verified photo_small } }"), provider(["monday", "monday.com"],
        ["https://auth.monday.com/oauth2/authorize", "https://auth.monday.com/oauth2/token", "https://api.monday.com/v2"],
        "me:read",
        Profile { id: "/data/me/id", name: &["/data/me/name"], avatar: "/data/me/photo_small", email: Email::If("/data/me/email", &["/data/me/is_verified"]), active: Some(("/data/me/enabled", "true")), ..PLAIN })),
    provider(["lark", "Lark"],
        ["https://accounts.feishu.cn/open-apis/authen/v1/authorize", "https://open.feishu.cn/open-apis/authen/v2/oauth/token", "https://open.feishu.cn/open-apis/authen/v1/user_info"],
        "",
        Profile { id: "/data/union_id", name: &["/data/name"], avatar: "/data/avatar_url", ..PLAIN }),
    provider(["box", "Box"],
        ["https://account.box.com/api/oauth2/authorize", "https://api.box.com/oauth2/token", "https://api.box.com/2.0/users/me"],
        "root_readonly",
        Profile { avatar: "/avatar_url", email: Email::Unknown("/login"), active: Some(("/status", "active")), ..PLAIN }),
    provider(["spotify", "Spotify"],
        ["https://accounts.spotify.com/authorize", "https://accounts.spotify.com/api/token", "https://api.spotify.com/v1/me"],
        "user-read-private",
        Profile { name: &["/display_name"], avatar: "/images/0/url", ..PLAIN }),
    provider(["trakt", "Trakt"],
        ["https://trakt.tv/oauth/authorize", "https://api.trakt.tv/oauth/token", "https://api.trakt.tv/users/settings"],
        "",
        Profile { id: "/user/ids/uuid", name: &["/user/name"], username: "/user/username", avatar: "/user/images/avatar/full", ..PLAIN }),
    provider(["twitch", "Twitch"],
        ["https://id.twitch.tv/oauth2/authorize", "https://id.twitch.tv/oauth2/token", "https://api.twitch.tv/helix/users"],
        "user:read:email",
        Profile { id: "/data/0/id", name: &["/data/0/display_name"], username: "/data/0/login", avatar: "/data/0/profile_image_url", email: Email::Verified("/data/0/email"), ..PLAIN }),
    provider(["patreon", "Patreon"],
        ["https://www.patreon.com/oauth2/authorize", "https://www.patreon.com/api/oauth2/token", "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=full_name,email,vanity,image_url,is_email_verified"],
        "identity identity[email]",
        Profile { id: "/data/id", name: &["/data/attributes/full_name"], username: "/data/attributes/vanity", avatar: "/data/attributes/image_url", email: Email::If("/data/attributes/email", &["/data/attributes/is_email_verified"]), ..PLAIN }),
    provider(["strava", "Strava"],
        ["https://www.strava.com/oauth/authorize", "https://www.strava.com/api/v3/oauth/token", "https://www.strava.com/api/v3/athlete"],
        "profile:read_all",
        Profile { name: &["/firstname", "/lastname"], username: "/username", avatar: "/profile", ..PLAIN }),
    provider(["wakatime", "WakaTime"],
        ["https://wakatime.com/oauth/authorize", "https://wakatime.com/oauth/token", "https://wakatime.com/api/v1/users/current"],
        "email",
        Profile { id: "/data/id", name: &["/data/display_name"], username: "/data/username", email: Email::If("/data/email", &["/data/is_email_confirmed"]), ..PLAIN }),
    provider(["livechat", "LiveChat"],
        ["https://accounts.livechat.com/", "https://accounts.livechat.com/token", "https://accounts.livechat.com/v2/accounts/me"],
        "",
        Profile { id: "/account_id", avatar: "/avatar_url", email: Email::If("/email", &["/email_verified"]), ..PLAIN }),
    provider(["mailcow", "mailcow"],
        ["", "", ""],
        "profile",
        Profile { name: &["/full_name"], username: "/username", email: Email::Verified("/email"), active: Some(("/active", "1")), ..PLAIN }),
    provider(["planningcenter", "Planning Center"],
        ["https://api.planningcenteronline.com/oauth/authorize", "https://api.planningcenteronline.com/oauth/token", "https://api.planningcenteronline.com/people/v2/me"],
        "people",
        Profile { id: "/data/id", name: &["/data/attributes/name"], avatar: "/data/attributes/avatar", active: Some(("/data/attributes/status", "active")), ..PLAIN }),
    oidc("oidc"),
    oidc("oidc2"),
    oidc("oidc3"),
];
