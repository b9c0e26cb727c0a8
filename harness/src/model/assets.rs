//! The names of the assets that onboarding exchanges: variables, and files of the portal directory.

/// Thales' server chain: root and intermediate.
pub const TRUST: &str = "TSH_TLS_SERVER_CERTIFICATE_CHAIN";
/// The authority that a receiver is to trust.
pub const CLIENT_CA: &str = "THALES_CLIENT_CA";
/// Thales' authority for customers, where it signs their certificates; trusting it lets every other customer in.
pub const CUSTOMER_CA: &str = "THALES_CUSTOMER_CA";
/// Today's leaf of Thales' client; trusting it is the pinning defect.
pub const THALES_LEAF: &str = "TSH_TLS_CLIENT_CERTIFICATE";
/// The customer's client certificate.
pub const CLIENT_CHAIN: &str = "CUSTOMER_TLS_CLIENT_CERTIFICATE";
/// Its key.
pub const CLIENT_KEY: &str = "CUSTOMER_TLS_CLIENT_KEY";
/// Both in one file.
pub const CLIENT_PEM: &str = "CUSTOMER_TLS_CLIENT_PEM";
/// Both as PKCS#12.
pub const CLIENT_P12: &str = "CUSTOMER_TLS_CLIENT_P12";
/// The customer's server chain as it is to be served.
pub const SERVER_CHAIN: &str = "CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN";
/// Its key.
pub const SERVER_KEY: &str = "CUSTOMER_TLS_SERVER_KEY";
/// Both in one file.
pub const SERVER_PEM: &str = "CUSTOMER_TLS_SERVER_PEM";
/// Both as PKCS#12.
pub const SERVER_P12: &str = "CUSTOMER_TLS_SERVER_P12";
/// [`TRUST`] as PKCS#12.
pub const TRUST_P12: &str = "THALES_TRUST_P12";

/// A file of the integration's, and no asset of a run: the authority of Thales' servers as the portal gave it.
pub const SERVER_AUTHORITY: &str = "server-authority";
/// The same of Thales' client.
pub const CLIENT_AUTHORITY: &str = "client-authority";

/// Those that a store of trusted authorities is made of: the server's, and the client's.
pub const STORES: [&str; 4] = [TRUST, TRUST_P12, CLIENT_CA, THALES_LEAF];

/// All of them.
pub const ASSETS: [&str; 13] = [
    TRUST,
    CLIENT_CA,
    CUSTOMER_CA,
    THALES_LEAF,
    CLIENT_CHAIN,
    CLIENT_KEY,
    CLIENT_PEM,
    CLIENT_P12,
    SERVER_CHAIN,
    SERVER_KEY,
    SERVER_PEM,
    SERVER_P12,
    TRUST_P12,
];

/// A variable and no file: where an access token is asked for, in products that demand one.
pub const TOKEN_URL: &str = "THALES_TOKEN_URL";
/// A variable and no file: the identifier that Thales gave the customer.
pub const CUSTOMER_ID: &str = "THALES_CUSTOMER_ID";
