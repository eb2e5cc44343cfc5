//! The records of one collection, and signing in as one of them.

use std::fmt;
use std::marker::PhantomData;

use futures_util::Stream;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::{Client, Event, Filter, List, Result, http, subscribe};
use crate::types::{
    AudienceToken, AudienceTokenRequest, AuthMethods, AuthResult, EmailChange, EmailChangeRequest,
    Impersonation, MailRequest, OAuth2SignIn, OtpRequested, OtpSignIn, PasswordReset,
    RecoveryCodes, SignIn, TotpCode, TotpSecret, TotpSignIn, Verification,
};

/// The records of one collection, as `T`. From [`Client::collection`].
///
/// ```no_run
/// use plinth_sdk::{Client, filter};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize)]
/// struct NewPost {
///     title: String,
/// }
///
/// #[derive(Deserialize)]
/// struct Post {
///     id: String,
///     title: String,
/// }
///
/// # async fn example(client: Client) -> plinth_sdk::Result<()> {
/// let posts = client.collection::<Post>("posts");
/// let post = posts.create(&NewPost { title: "Hello".into() }).await?;
/// let same = posts.get(&post.id).await?;
/// let first = posts.first(filter!("title = {}", same.title)).await?;
/// posts.delete(&post.id).await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Records<T> {
    pub(super) client: Client,
    name: String,
    expand: Option<String>,
    fields: Option<String>,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Records<T> {
    pub(super) fn new(client: Client, name: String) -> Self {
        Self {
            client,
            name,
            expand: None,
            fields: None,
            of: PhantomData,
        }
    }

    /// Asks for related records along with these, under `expand`: `author` or
    /// `author,comments_via_post`.
    ///
    /// ```no_run
    /// # use plinth_sdk::{Client, Record};
    /// # async fn example(client: Client) -> plinth_sdk::Result<()> {
    /// let posts = client.collection::<Record>("posts");
    /// let post = posts.expand("author").get("post1").await?;
    /// println!("{}", post["expand"]["author"]["name"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn expand(&self, relations: impl Into<String>) -> Self {
        Self {
            expand: Some(relations.into()),
            ..self.clone()
        }
    }

    /// Asks for these fields only: `id,title`. `T` must do without the others.
    pub fn fields(&self, names: impl Into<String>) -> Self {
        Self {
            fields: Some(names.into()),
            ..self.clone()
        }
    }

    /// A list of the records: say which, then ask for it.
    pub fn list(&self) -> List<T> {
        let mut list = List::new(self.client.clone(), &self.path());
        if let Some(relations) = &self.expand {
            list = list.expand(relations);
        }
        if let Some(names) = &self.fields {
            list = list.fields(names);
        }
        list
    }

    /// Fetches the first record that passes the filter, if there is any.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if the server does not understand the filter.
    pub async fn first(&self, filter: impl Into<Filter>) -> Result<Option<T>> {
        self.list().filter(filter).first().await
    }

    /// Hears of changes as they happen: of all records that one may list with the topic `*`, or of the record of
    /// an id. The events come in the order in which the changes of each record were made.
    ///
    /// The connection is made when the first event is asked for, under whoever is signed in then, and made anew
    /// when it is lost; each time [`Event::Connected`] says so. It ends when the stream is dropped. Related records
    /// and fields come as said with [`Records::expand`] and [`Records::fields`].
    ///
    /// # Errors
    ///
    /// An error that another attempt would not mend ends the stream: a bad URL or topic, or a token of another account. An
    /// event whose record is no `T` is an [`Error::Decode`](crate::Error::Decode), and the next one follows.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use plinth_sdk::{Event, Record};
    ///
    /// # async fn example(client: plinth_sdk::Client) -> plinth_sdk::Result<()> {
    /// let mut events = client.collection::<Record>("posts").subscribe("*");
    /// while let Some(event) = events.try_next().await? {
    ///     match event {
    ///         Event::Connected => println!("from now on:"),
    ///         Event::Created(post) | Event::Updated(post) => println!("{}", post["title"]),
    ///         Event::Deleted(post) => println!("{} is gone", post.id),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe(&self, topic: &str) -> impl Stream<Item = Result<Event<T>>> + Unpin + use<T>
    where
        T: 'static,
    {
        self.subscribe_where(topic, &"".into())
    }

    /// Like [`Records::subscribe`], of the records that pass the filter.
    pub fn subscribe_where(
        &self,
        topic: &str,
        filter: &Filter,
    ) -> impl Stream<Item = Result<Event<T>>> + Unpin + use<T>
    where
        T: 'static,
    {
        let options = [
            ("filter", filter.as_str()),
            ("expand", self.expand.as_deref().unwrap_or_default()),
            ("fields", self.fields.as_deref().unwrap_or_default()),
        ];
        // A name or id, as in a path.
        let checked = self.client.at(&[&self.name, topic]);
        let topic = checked.map(|_| subscribe::topic(&self.name, topic, &options));
        subscribe::events(self.client.clone(), topic)
    }

    /// Fetches a record.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such record, or none that one may see.
    pub async fn get(&self, id: &str) -> Result<T> {
        let url = self.record(id)?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// Creates a record, and answers with what it has become.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if a value is
    /// not valid.
    pub async fn create<B: Serialize + ?Sized>(&self, record: &B) -> Result<T> {
        let url = self.at(&self.path())?;
        self.client.call(Method::POST, url, Some(record)).await
    }

    /// Changes the fields that are in `changes`, and answers with what the record has become.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such record, or none that one may change;
    /// 400 with [`Error::field`](crate::Error::field) if a value is not valid.
    pub async fn update<B: Serialize + ?Sized>(&self, id: &str, changes: &B) -> Result<T> {
        let url = self.record(id)?;
        self.client.call(Method::PATCH, url, Some(changes)).await
    }

    /// Deletes a record.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such record, or none that one may delete;
    /// 400 if another record needs it.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let url = self.record(id)?;
        self.client.tell(Method::DELETE, url, http::NO_BODY).await
    }

    /// Signs in with a password. From now on, the client and its clones send the token.
    ///
    /// `identity` is the e-mail address, or whatever the collection lets one sign in with.
    /// Superusers are in the collection `_superusers`.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if the two do not match, 403 if the account or the
    /// collection does not let one sign in like this. Who was signed in before stays so.
    pub async fn auth_with_password(
        &self,
        identity: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<AuthResult<T>> {
        let body = SignIn {
            identity: identity.into(),
            password: password.into(),
            ..SignIn::default()
        };
        self.auth("auth-with-password", Some(&body)).await
    }

    /// Signs in with another service (OAuth2 or OpenID Connect). From now on, the client and its clones send the token.
    ///
    /// [`Records::auth_methods`] starts a sign-in with each service. Append the URL to return to, encoded, to the start's
    /// `auth_url`, and open that in a browser. The service returns there with a `code` and the start's `state`.
    ///
    /// The answer's `meta` is the user of the service: an [`OAuth2User`](crate::types::OAuth2User).
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if the start was not this server's, is
    /// older than ten minutes or was used, 400 if the service does not tell who it is, 403 if the account or the
    /// collection does not let one sign in like this. Who was signed in before stays so.
    ///
    /// ```no_run
    /// # async fn example(client: plinth_sdk::Client, code: String) -> plinth_sdk::Result<()> {
    /// use plinth_sdk::types::OAuth2SignIn;
    ///
    /// let users = client.collection::<serde_json::Value>("users");
    /// let methods = users.auth_methods().await?;
    /// let start = &methods.oauth2.providers[0];
    /// let redirect_url = "https://app.example.org/back";
    /// // … the browser goes to start.auth_url, with the encoded redirect_url behind it, and comes back with a code.
    /// let signed_in = users
    ///     .auth_with_oauth2(&OAuth2SignIn {
    ///         provider: start.name.clone(),
    ///         code,
    ///         code_verifier: start.code_verifier.clone(),
    ///         redirect_url: redirect_url.to_owned(),
    ///         ..OAuth2SignIn::default()
    ///     })
    ///     .await?;
    /// println!("{}", signed_in.record["id"]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn auth_with_oauth2(&self, sign_in: &OAuth2SignIn) -> Result<AuthResult<T>> {
        self.auth("auth-with-oauth2", Some(sign_in)).await
    }

    /// Asks for a mail with a one-time password, and returns the id to send with it. Whether there is an account with this
    /// address does not show.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if it is no address, 403 if the collection has no one-time passwords.
    pub async fn request_otp(&self, email: impl Into<String>) -> Result<OtpRequested> {
        let path = ["api", "collections", &self.name, "request-otp"];
        let url = self.client.at(&path)?;
        let body = MailRequest {
            email: email.into(),
        };
        self.client.call(Method::POST, url, Some(&body)).await
    }

    /// Signs in with a one-time password. From now on, the client and its clones send the token.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if it is wrong, has expired or was used, 429 after five tries in three minutes.
    /// Who was signed in before stays so.
    pub async fn auth_with_otp(
        &self,
        otp_id: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<AuthResult<T>> {
        let body = OtpSignIn {
            otp_id: otp_id.into(),
            password: password.into(),
        };
        self.auth("auth-with-otp", Some(&body)).await
    }

    /// Asks for a mail to a new address, with which the account that is signed in can change its own.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if an account has the address, 401 if
    /// nobody is signed in, 429 after five mails in an hour.
    pub async fn request_email_change(&self, new_email: impl Into<String>) -> Result<()> {
        let new_email = new_email.into();
        self.post("request-email-change", &EmailChangeRequest { new_email })
            .await
    }

    /// Changes the address of an account, with the token of the mail and its password. It signs out everybody who is signed
    /// in as the account.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if the token is not good any more, or the
    /// password is wrong.
    pub async fn confirm_email_change(
        &self,
        token: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<()> {
        let body = EmailChange {
            token: token.into(),
            password: password.into(),
        };
        self.post("confirm-email-change", &body).await
    }

    /// Exchanges the token for one that is good for longer, and tells who is signed in.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 401 if nobody is signed in or the token has expired, 403 if
    /// the account is in another collection.
    pub async fn auth_refresh(&self) -> Result<AuthResult<T>> {
        self.auth("auth-refresh", http::NO_BODY).await
    }

    /// Signs in with a code of an authenticator app, or a recovery code, after a sign-in with another method that was answered
    /// with a [`SecondFactor`](crate::types::SecondFactor). From now on, the client and its clones send the token.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if the code is wrong or the first factor too long ago.
    pub async fn auth_with_totp(&self, sign_in: &TotpSignIn) -> Result<AuthResult<T>> {
        self.auth("auth-with-totp", Some(sign_in)).await
    }

    /// Makes a secret for an authenticator app. It has no effect until [`Self::confirm_totp`].
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if the account has an app, 403 unless it has signed in within five minutes.
    pub async fn enrol_totp(&self) -> Result<TotpSecret> {
        let url = self
            .client
            .at(&["api", "collections", &self.name, "totp"])?;
        self.client.call(Method::POST, url, http::NO_BODY).await
    }

    /// Confirms the secret by a code of the app. From now on, each sign-in needs one; all other sessions end.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if the code is wrong, 403 unless the account has signed in within five minutes.
    pub async fn confirm_totp(&self, code: &TotpCode) -> Result<RecoveryCodes> {
        let path = ["api", "collections", &self.name, "totp", "confirm"];
        let url = self.client.at(&path)?;
        self.client.call(Method::POST, url, Some(code)).await
    }

    /// Removes the authenticator app and the recovery codes.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 403 unless the account has signed in within five minutes, 404 if it has no app.
    pub async fn disable_totp(&self) -> Result<()> {
        let url = self
            .client
            .at(&["api", "collections", &self.name, "totp"])?;
        self.client.tell(Method::DELETE, url, http::NO_BODY).await
    }

    /// Signs out everywhere else: ends all sessions of the account except the client's own. To list the sessions, or to end
    /// a single one, list and delete the records of [`names::AUTH_SESSIONS`](crate::types::names::AUTH_SESSIONS), which
    /// are [`AuthSession`](crate::types::AuthSession)s.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 401 if nobody is signed in, 403 if the account is in another collection.
    pub async fn end_other_sessions(&self) -> Result<()> {
        let path = ["api", "collections", &self.name, "end-other-sessions"];
        let url = self.client.at(&path)?;
        self.client.tell(Method::POST, url, http::NO_BODY).await
    }

    /// Gives superusers a token of another account, good for so many seconds, or for as long as any other when
    /// `duration` is 0. The client goes on sending its own.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 401 or 403 for who is no superuser, 404 if there is no such account.
    pub async fn impersonate(&self, id: &str, duration: i64) -> Result<AuthResult<T>> {
        let path = ["api", "collections", &self.name, "impersonate", id];
        let url = self.client.at(&path)?;
        let body = Impersonation { duration };
        self.client.call(Method::POST, url, Some(&body)).await
    }

    /// Gives a token with which another service can verify who is signed in, good for so many seconds, or for five minutes
    /// when `duration` is 0. The audience is one of the collection's `tokenAudiences`.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 for another audience, 401 if nobody is signed in.
    pub async fn auth_token(&self, audience: &str, duration: i64) -> Result<String> {
        let path = ["api", "collections", &self.name, "auth-token"];
        let url = self.client.at(&path)?;
        let body = AudienceTokenRequest {
            audience: audience.to_owned(),
            duration,
        };
        let answer: AudienceToken = self.client.call(Method::POST, url, Some(&body)).await?;
        Ok(answer.token)
    }

    /// Asks how one can sign in as one of these records.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if the records are not accounts.
    pub async fn auth_methods(&self) -> Result<AuthMethods> {
        let path = ["api", "collections", &self.name, "auth-methods"];
        let url = self.client.at(&path)?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// Asks for a mail with which the account with this address can choose a new password.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if it is no address, or the collection has no passwords.
    /// Whether there is such an account does not show.
    pub async fn request_password_reset(&self, email: impl Into<String>) -> Result<()> {
        let email = email.into();
        self.post("request-password-reset", &MailRequest { email })
            .await
    }

    /// Chooses a new password, with the token of the mail. It signs out everybody who is signed in
    /// as the account.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if the token is
    /// not good any more, or the password is not good enough.
    pub async fn confirm_password_reset(
        &self,
        token: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<()> {
        let password = password.into();
        let body = PasswordReset {
            token: token.into(),
            password_confirm: password.clone(),
            password,
        };
        self.post("confirm-password-reset", &body).await
    }

    /// Asks for a mail with which the account with this address can show that it is its own.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if it is no address, or these are superusers. Whether there
    /// is such an account does not show.
    pub async fn request_verification(&self, email: impl Into<String>) -> Result<()> {
        let email = email.into();
        self.post("request-verification", &MailRequest { email })
            .await
    }

    /// Shows, with the token of the mail, that an address is the account's own.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if the token is
    /// not good any more.
    pub async fn confirm_verification(&self, token: impl Into<String>) -> Result<()> {
        let token = token.into();
        self.post("confirm-verification", &Verification { token })
            .await
    }

    async fn post<B: Serialize>(&self, what: &str, body: &B) -> Result<()> {
        let url = self.client.at(&["api", "collections", &self.name, what])?;
        self.client.tell(Method::POST, url, Some(body)).await
    }

    async fn auth<B: Serialize>(&self, way: &str, body: Option<&B>) -> Result<AuthResult<T>> {
        let mut url = self.client.at(&["api", "collections", &self.name, way])?;
        if let Some(relations) = &self.expand {
            url.query_pairs_mut().append_pair("expand", relations);
        }
        if let Some(names) = &self.fields {
            let names = names
                .split(',')
                .map(|name| format!("record.{}", name.trim()));
            let names = names.collect::<Vec<_>>().join(",");
            url.query_pairs_mut()
                .append_pair("fields", &format!("meta,token,{names}"));
        }
        let result: AuthResult<T> = self.client.call(Method::POST, url, body).await?;
        self.client.set_token(&result.token);
        Ok(result)
    }

    pub(super) fn path(&self) -> [&str; 4] {
        ["api", "collections", &self.name, "records"]
    }

    pub(super) fn record(&self, id: &str) -> Result<Url> {
        let [api, collections, name, records] = self.path();
        self.at(&[api, collections, name, records, id])
    }

    pub(super) fn at(&self, path: &[&str]) -> Result<Url> {
        let mut url = self.client.at(path)?;
        let parameters = [("expand", &self.expand), ("fields", &self.fields)];
        for (name, value) in parameters {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Ok(url)
    }
}

impl<T> Clone for Records<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            name: self.name.clone(),
            expand: self.expand.clone(),
            fields: self.fields.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("client", &self.client)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
