//! The services (OAuth2 providers) for sign-ins, by their names in definitions.

/// A service.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// The name in definitions.
    pub name: &'static str,
    /// The name for people.
    pub display_name: &'static str,
    /// The URL of the authorization page; empty if it depends on the installation.
    pub auth_url: &'static str,
    /// The scopes, separated by spaces.
    pub scope: &'static str,
    /// Whether the service supports PKCE.
    pub pkce: bool,
}

/// Returns the service with this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    ALL.iter().find(|provider| provider.name == name)
}

const fn provider(
    name: &'static str,
    display_name: &'static str,
    auth_url: &'static str,
    scope: &'static str,
) -> Provider {
    Provider {
        name,
        display_name,
        auth_url,
        scope,
        pkce: true,
    }
}

const fn without_pkce(provider: Provider) -> Provider {
    Provider {
        pkce: false,
        ..provider
    }
}

/// All services.
#[rustfmt::skip]
pub(crate) const ALL: [Provider; 32] = [
    provider("apple", "Apple", "https://appleid.apple.com/auth/authorize", "name email"),
    provider("google", "Google", "https://accounts.google.com/o/oauth2/v2/auth", "https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/userinfo.email"),
    provider("microsoft", "Microsoft", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize", "User.Read"),
    provider("yandex", "Yandex", "https://oauth.yandex.com/authorize", "login:email login:avatar login:info"),
    provider("facebook", "Facebook", "https://www.facebook.com/v3.2/dialog/oauth", "email"),
    provider("instagram2", "Instagram", "https://www.instagram.com/oauth/authorize", "instagram_business_basic"),
    provider("github", "GitHub", "https://github.com/login/oauth/authorize", "read:user user:email"),
    provider("gitlab", "GitLab", "https://gitlab.com/oauth/authorize", "read_user"),
    without_pkce(provider("bitbucket", "Bitbucket", "https://bitbucket.org/site/oauth2/authorize", "account")),
    provider("gitee", "Gitee", "https://gitee.com/oauth/authorize", "user_info emails"),
    provider("gitea", "Gitea/Forgejo", "https://gitea.com/login/oauth/authorize", "read:user user:email"),
    provider("discord", "Discord", "https://discord.com/api/oauth2/authorize", "identify email"),
    provider("twitter", "X/Twitter", "https://x.com/i/oauth2/authorize", "users.read users.email tweet.read"),
    provider("kakao", "Kakao", "https://kauth.kakao.com/oauth/authorize", "account_email profile_nickname profile_image"),
    without_pkce(provider("vk", "ВКонтакте", "https://oauth.vk.com/authorize", "email")),
    without_pkce(provider("linear", "Linear", "https://linear.app/oauth/authorize", "read")),
    provider("notion", "Notion", "https://api.notion.com/v1/oauth/authorize", ""),
    provider("monday", "monday.com", "https://auth.monday.com/oauth2/authorize", "me:read"),
    provider("lark", "Lark", "https://accounts.feishu.cn/open-apis/authen/v1/authorize", ""),
    provider("box", "Box", "https://account.box.com/api/oauth2/authorize", "root_readonly"),
    provider("spotify", "Spotify", "https://accounts.spotify.com/authorize", "user-read-private"),
    provider("trakt", "Trakt", "https://trakt.tv/oauth/authorize", ""),
    provider("twitch", "Twitch", "https://id.twitch.tv/oauth2/authorize", "user:read:email"),
    provider("patreon", "Patreon", "https://www.patreon.com/oauth2/authorize", "identity identity[email]"),
    provider("strava", "Strava", "https://www.strava.com/oauth/authorize", "profile:read_all"),
    provider("wakatime", "WakaTime", "https://wakatime.com/oauth/authorize", "email"),
    provider("livechat", "LiveChat", "https://accounts.livechat.com/", ""),
    provider("mailcow", "mailcow", "", "profile"),
    provider("planningcenter", "Planning Center", "https://api.planningcenteronline.com/oauth/authorize", "people"),
    provider("oidc", "OIDC", "", "openid email profile"),
    provider("oidc2", "OIDC", "", "openid email profile"),
    provider("oidc3", "OIDC", "", "openid email profile"),
];
