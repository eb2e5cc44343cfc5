//! Problems of accounts, their passwords and their tokens.

use super::problem_types;

problem_types! { ACCOUNTS:
    /// Two values that must be equal are not: `passwordConfirm` and `password`; or the caller may not change `email` or `verified`.
    MISMATCH = "validation_values_mismatch" "Values don't match.";
    /// A change of the password lacks the old one, or it is wrong.
    OLD_PASSWORD = "validation_invalid_old_password" "Missing or invalid old password.";
    /// The id is that of an account of another auth collection, or of a role.
    ACCOUNT_ID_TAKEN = "validation_invalid_auth_id" "Invalid or duplicated auth record id.";
    /// A token is malformed, has expired, was used, or is for something else.
    TOKEN = "validation_invalid_token" "Invalid or expired token.";
    /// The code of an authenticator app is wrong or was used, or there is no secret to confirm.
    TOTP_CODE = "validation_invalid_code" "Invalid or used code.";
    /// The one-time token of the first start is wrong.
    SETUP_TOKEN = "validation_invalid_token" "It is not the token that the server printed when it started.";
    /// A verification token names no address.
    TOKEN_CLAIMS = "validation_invalid_token_claims" "Missing email token claim.";
    /// A verification token is for an address that the account no longer has.
    TOKEN_ADDRESS = "validation_token_email_mismatch" "The token is for another address.";
    /// A token to change an address names no new one.
    TOKEN_PAYLOAD = "validation_invalid_token_payload" "Invalid token payload - newEmail must be set.";
    /// A token to change an address names one that an account has by now.
    TOKEN_NEW_EMAIL = "validation_invalid_token_email" "The new email address is invalid.";
    /// An account has the new address.
    NEW_EMAIL = "validation_invalid_new_email" "Invalid new email address.";
    /// A change of the address lacks the account's password, or it is wrong.
    PASSWORD = "validation_invalid_password" "Missing or invalid auth record password.";
    /// A token is for an account of another collection.
    TOKEN_COLLECTION = "validation_token_collection_mismatch" "The provided token is for different auth collection.";
    /// A sign-in names a service that the collection does not have.
    UNKNOWN_PROVIDER = "validation_invalid_provider" "Provider with name {name} is missing or is not enabled." ["name"];
    /// A code verifier was not made by this server for the collection and the service, has expired, or was used.
    CODE_VERIFIER = "validation_invalid_code_verifier" "Invalid, expired or used code verifier.";
    /// A record of account data refers to a collection that does not exist or has no accounts.
    OWNER_COLLECTION = "validation_invalid_collection_id" "Missing or invalid collection.";
    /// A record of account data refers to an account that does not exist.
    OWNER_ACCOUNT = "validation_invalid_record" "Missing or invalid record.";
}
