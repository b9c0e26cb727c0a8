//! What a file holds.

use std::fmt;

use mock_thales::observe::CertificateDer;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The file's format.
    pub kind: Kind,
    /// In the order of the file; the key entries of a PKCS#12 store stand before its other certificates.
    pub entries: Vec<Entry>,
    /// What is unusual about the file's form, in the order of its lines.
    pub remarks: Vec<Remark>,
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text with blocks (RFC 7468).
    Pem,
    /// One object in DER, or several in a row.
    Der,
    /// A bundle of certificates (`.p7b`), in DER or as blocks of text.
    Pkcs7,
    /// A store in PKCS#12 (`.p12`, `.pfx`).
    Pkcs12,
    /// Java's first own store.
    Jks,
    /// Java's second own store.
    Jceks,
}

/// One thing in a file. An alias is as the file has it, control characters included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A certificate that is neither marked as trusted nor belongs to a key of the file. In a PKCS#12 store: Java does
    /// not see it.
    Certificate {
        /// Its friendly name in a store.
        alias: Option<String>,
        /// The certificate.
        der: CertificateDer,
    },
    /// A certificate signing request (PKCS#10).
    Request {
        /// The request in DER.
        der: Vec<u8>,
    },
    /// A private key outside a store.
    PrivateKey {
        /// The encoding of the key.
        encoding: KeyEncoding,
        /// Whether a password protects it.
        encrypted: bool,
        /// SHA-256 of its public key's SubjectPublicKeyInfo in lower-case hexadecimal, as in
        /// `CertificateFacts::public_key_sha256`; `None` where it is encrypted, or of a kind that is not read here.
        public_key_sha256: Option<String>,
    },
    /// A public key without a certificate.
    PublicKey {
        /// SHA-256 of its SubjectPublicKeyInfo in lower-case hexadecimal; `None` for PKCS#1.
        sha256: Option<String>,
    },
    /// A private key of a store with its certificates. The key itself is not looked at.
    KeyEntry {
        /// Its name; empty where it has none.
        alias: String,
        /// Leaf first; empty where the store has no certificate for the key.
        chain: Vec<CertificateDer>,
    },
    /// A certificate that a store marks as trusted.
    TrustedCertificate {
        /// Its name; empty where it has none.
        alias: String,
        /// The certificate.
        der: CertificateDer,
    },
    /// Something that no check is about.
    Ignored {
        /// What it is.
        what: String,
    },
}

/// How a private key is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`.
    Pkcs8,
    /// `RSA PRIVATE KEY`.
    Pkcs1,
    /// `EC PRIVATE KEY`.
    Sec1,
    /// `OPENSSH PRIVATE KEY`.
    OpenSsh,
    /// Any other, such as `DSA PRIVATE KEY`.
    Other,
}

/// Something unusual about the form of a file that can be read all the same. Its text is a sentence without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// A byte order mark stands before the text: OpenSSL and others do not find a first block behind it.
    ByteOrderMark,
    /// Text stands outside the blocks.
    TextOutside {
        /// The first such line, from 1.
        line: usize,
    },
    /// Space stands before a BEGIN or END line.
    Indented {
        /// The line, from 1.
        line: usize,
    },
    /// A block has another label than RFC 7468 gives to what it holds.
    Label {
        /// The line, from 1.
        line: usize,
        /// The label.
        label: String,
        /// The label of RFC 7468.
        usual: &'static str,
    },
    /// Bytes follow what was read.
    BytesAfter {
        /// How many.
        count: usize,
    },
    /// The store's integrity was not checked.
    Unchecked {
        /// Why.
        why: &'static str,
    },
}

impl Contents {
    /// What was found, for a sentence about what was expected: `PEM with 2 certificates, 1 private key`.
    pub fn summary(&self) -> String {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for entry in &self.entries {
            let name = match entry {
                Entry::Certificate { .. } => "certificate",
                Entry::Request { .. } => "certificate signing request",
                Entry::PrivateKey { encrypted: false, .. } => "private key",
                Entry::PrivateKey { encrypted: true, .. } => "encrypted private key",
                Entry::PublicKey { .. } => "public key",
                Entry::KeyEntry { .. } => "key entry",
                Entry::TrustedCertificate { .. } => "trusted certificate",
                Entry::Ignored { .. } => "other thing",
            };
            match counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => counts.push((name, 1)),
            }
        }
        if counts.is_empty() {
            return format!("{} with nothing in it", self.kind);
        }
        let plural = |(name, count): &(&str, usize)| match (count, name.strip_suffix('y')) {
            (1, _) => format!("1 {name}"),
            (_, Some(stem)) if !stem.ends_with('e') => format!("{count} {stem}ies"),
            _ => format!("{count} {name}s"),
        };
        format!("{} with {}", self.kind, counts.iter().map(plural).collect::<Vec<_>>().join(", "))
    }

    /// Every certificate of the file with its alias, those of key entries leaf first.
    pub fn certificates(&self) -> impl Iterator<Item = (Option<&str>, &CertificateDer)> {
        self.entries.iter().flat_map(|entry| match entry {
            Entry::Certificate { alias, der } => vec![(alias.as_deref(), der)],
            Entry::TrustedCertificate { alias, der } => vec![(Some(alias.as_str()), der)],
            Entry::KeyEntry { alias, chain } => chain.iter().map(|der| (Some(alias.as_str()), der)).collect(),
            _ => Vec::new(),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem => "PEM",
            Self::Der => "DER",
            Self::Pkcs7 => "PKCS#7",
            Self::Pkcs12 => "PKCS#12",
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
        })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("a byte order mark stands before the text"),
            Self::TextOutside { line } => write!(f, "line {line}: text stands outside the blocks"),
            Self::Indented { line } => write!(f, "line {line}: space stands before the dashes"),
            Self::Label { line, label, usual } => {
                write!(f, "line {line}: the block is labelled `{label}`, where `{usual}` is usual")
            }
            Self::BytesAfter { count } => write!(f, "{count} more bytes follow what was read"),
            Self::Unchecked { why } => write!(f, "the store's integrity was not checked: {why}"),
        }
    }
}
