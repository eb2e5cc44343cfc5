//! The keys that sign tokens for other services: which one signs when, and which are published.
//!
//! They are in the database, so that all replicas have the same. Each signs for a month, and is published at least a day before:
//! by then nobody holds a set of keys without it. A key that no longer signs is published while its tokens are
//! valid, and then deleted. Whoever first finds that the next key is missing makes it; of two who do, one number wins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::EncodePrivateKey;
use plinth_sdk::types::PublicKey;

use super::{MAX_DURATION, store};
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::random::Random;
use crate::secret::Secret;

const DAY: i64 = 86_400;
/// How long a key signs, in seconds.
const PERIOD: i64 = 30 * DAY;
/// How long a key is published before it signs, in seconds, however late it was made.
const AHEAD: i64 = DAY;
/// How long clients may keep the set of keys, in seconds.
pub(crate) const MAX_AGE: i64 = 3600;
/// How long a key is published after it last signed, in seconds: its tokens' life, and as much as clocks differ.
const KEPT: i64 = MAX_DURATION + 600;

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The place among the keys.
    pub(super) number: i64,
    /// The id in tokens.
    pub(super) kid: String,
    /// The private key, in base64.
    pub(super) secret: Secret,
    /// When it begins to sign, in seconds since 1970.
    pub(super) since: i64,
}

impl Key {
    /// Makes a key.
    fn new(number: i64, since: i64, random: &Random) -> Self {
        let secret = std::iter::repeat_with(|| random.bytes::<32>());
        // One in 2^32 is not a number that a key can be.
        let secret = secret.filter_map(|bytes| SecretKey::from_slice(&bytes).ok());
        let bytes = secret.map(|secret| secret.to_bytes()).next();
        Self {
            number,
            kid: random.alphanumeric(20),
            secret: URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default()).into(),
            since,
        }
    }

    fn parsed(&self) -> Result<SecretKey> {
        let bytes = URL_SAFE_NO_PAD
            .decode(self.secret.as_str())
            .map_err(Error::internal)?;
        SecretKey::from_slice(&bytes).map_err(Error::internal)
    }

    /// Returns what signs.
    pub(super) fn private(&self) -> Result<EncodingKey> {
        let der = self.parsed()?.to_pkcs8_der().map_err(Error::internal)?;
        Ok(EncodingKey::from_ec_der(der.as_bytes()))
    }

    /// Returns what verifies.
    pub(crate) fn public(&self) -> Result<PublicKey> {
        let point = self.parsed()?.public_key().to_encoded_point(false);
        let coordinate = |bytes: Option<&[u8]>| URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
        Ok(PublicKey {
            alg: "ES256".to_owned(),
            crv: "P-256".to_owned(),
            kid: self.kid.clone(),
            kty: "EC".to_owned(),
            usage: "sig".to_owned(),
            x: coordinate(point.x().map(|x| &x[..])),
            y: coordinate(point.y().map(|y| &y[..])),
        })
    }
}

/// Returns the keys to publish, in their order: the one that signs, the next one, and the last one while its tokens are valid. Makes
/// those that are missing.
pub(crate) async fn all(app: &App) -> Result<Vec<Key>> {
    let now = app.clock.now();
    let keys = app.db.read_inline(store::all).await?;
    if is_complete(&keys, now) {
        return Ok(keys);
    }
    match app.db.write(move |conn| renew(conn, now)).await {
        // Another server may have been faster: its keys count.
        Ok(()) => app.db.read_inline(store::all).await,
        // The one that signs goes on.
        Err(Error::Unwritable(_)) if !keys.is_empty() => Ok(keys),
        Err(error) => Err(error),
    }
}

/// Returns the key that signs: the latest whose time has come. While the clock of this server is behind that of the one
/// that made the keys, it is the first.
pub(super) fn current(keys: &[Key], now: Timestamp) -> Result<&Key> {
    let has_begun = |key: &&Key| key.since <= now.unix();
    let key = keys.iter().rfind(has_begun).or(keys.first());
    key.ok_or_else(|| Error::internal(anyhow::anyhow!("there is no key to sign with")))
}

/// Makes missing keys, and deletes those whose tokens have all ended.
fn renew(conn: &mut Conn, now: Timestamp) -> Result<()> {
    let keys = store::all(conn)?;
    let random = conn.random.clone();
    for key in missing(&keys, now, &random) {
        store::insert(conn, &key)?;
    }
    store::delete_before(conn, first_needed(&keys, now))
}

/// Whether there is a next key, and none that has ended.
fn is_complete(keys: &[Key], now: Timestamp) -> bool {
    let has_next = keys.last().is_some_and(|last| last.since > now.unix());
    has_next && keys.first().map(|key| key.number) == Some(first_needed(keys, now))
}

/// Makes the keys that are missing until there is a next one.
fn missing(keys: &[Key], now: Timestamp, random: &Random) -> Vec<Key> {
    let mut made: Vec<Key> = Vec::new();
    loop {
        let (number, since) = match made.last().or(keys.last()) {
            None => (1, now.unix()),
            Some(last) if last.since > now.unix() => return made,
            Some(last) => (
                last.number + 1,
                (last.since + PERIOD).max(now.unix() + AHEAD),
            ),
        };
        made.push(Key::new(number, since, random));
    }
}

/// Returns the number of the first key whose tokens may be valid.
fn first_needed(keys: &[Key], now: Timestamp) -> i64 {
    let has_ended = |next: &&Key| next.since + KEPT <= now.unix();
    let ended_by = keys.iter().rfind(has_ended).or(keys.first());
    ended_by.map_or(0, |key| key.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_700_000_000 + seconds)
    }

    /// The keys after the upkeep of that time.
    fn renewed(keys: &[Key], now: Timestamp) -> Vec<Key> {
        let mut all = keys.to_vec();
        all.extend(missing(keys, now, &Random::seeded(1)));
        all.retain(|key| key.number >= first_needed(keys, now));
        assert!(is_complete(&all, now));
        all
    }

    fn numbers(keys: &[Key]) -> Vec<i64> {
        keys.iter().map(|key| key.number).collect()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after() {
        let keys = renewed(&[], at(0));
        assert_eq!(numbers(&keys), [1, 2]);
        assert_eq!(current(&keys, at(0)).unwrap().number, 1);
        // A server whose clock is behind.
        assert_eq!(current(&keys, at(-5)).unwrap().number, 1);
        assert_eq!(current(&keys, at(PERIOD - 1)).unwrap().number, 1);
        assert!(is_complete(&keys, at(PERIOD - 1)));

        // The next one takes over, without anybody doing anything.
        assert_eq!(current(&keys, at(PERIOD)).unwrap().number, 2);
        assert!(!is_complete(&keys, at(PERIOD)));
        let keys = renewed(&keys, at(PERIOD));
        assert_eq!(numbers(&keys), [1, 2, 3]);
        assert!(is_complete(&keys, at(PERIOD + KEPT - 1)));
        assert!(!is_complete(&keys, at(PERIOD + KEPT)));
        let keys = renewed(&keys, at(PERIOD + KEPT));
        assert_eq!(numbers(&keys), [2, 3]);
        assert_eq!(keys[1].since, at(2 * PERIOD).unix());
    }

    #[test]
    fn after_a_long_pause_the_next_key_is_still_published_first() {
        let keys = renewed(&[], at(0));
        let late = 10 * PERIOD;
        let keys = renewed(&keys, at(late));
        assert_eq!(numbers(&keys), [2, 3]);
        assert_eq!(current(&keys, at(late)).unwrap().number, 2);
        assert_eq!(keys[1].since, at(late + AHEAD).unix());
        const { assert!(AHEAD > MAX_AGE) };
    }

    #[test]
    fn a_private_key_is_not_printed() {
        let key = Key::new(1, 0, &Random::seeded(1));
        assert!(!format!("{key:?}").contains(key.secret.as_str()));
    }
}
