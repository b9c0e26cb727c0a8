//! The validity of everything that a run issues, from one captured moment.
//!
//! Authorities live thirty days at most, so that one that strays into a store of Production soon ends; they began long
//! enough ago to have issued a leaf that has ended since. Leaves lie within their authorities.

use time::{Duration, OffsetDateTime};

use super::PkiError;

/// First and last second of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

/// The moment from which all validities count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dates {
    now: OffsetDateTime,
}

impl Dates {
    /// Fails where thirteen months around `now` are out of range.
    pub(super) fn around(now: OffsetDateTime) -> Result<Self, PkiError> {
        let margin = Duration::days(400);
        // Certificates count seconds.
        let second = now.replace_nanosecond(0).ok();
        match second.filter(|now| now.checked_add(margin).is_some() && now.checked_sub(margin).is_some()) {
            Some(now) => Ok(Self { now }),
            None => Err(PkiError::Clock { now: now.to_string() }),
        }
    }

    /// The moment itself.
    pub(super) fn now(self) -> OffsetDateTime {
        self.now
    }

    /// Thirty days, with today in their middle. The last second counts (RFC 5280 section 4.1.2.5).
    pub(super) fn authority(self) -> Validity {
        let Validity { from, until } = self.span(Duration::days(-15), Duration::days(15));
        Validity { from, until: until - Duration::SECOND }
    }

    /// A leaf in use.
    pub(super) fn today(self) -> Validity {
        self.span(Duration::days(-2), Duration::days(10))
    }

    /// A leaf that has just replaced another.
    pub(super) fn renewed(self) -> Validity {
        self.span(Duration::hours(-1), Duration::days(12))
    }

    /// Ended yesterday.
    pub(super) fn expired(self) -> Validity {
        self.span(Duration::days(-12), Duration::days(-1))
    }

    /// Begins tomorrow.
    pub(super) fn not_yet_valid(self) -> Validity {
        self.span(Duration::days(1), Duration::days(12))
    }

    /// One year, as a customer would choose for its own certificate.
    pub(super) fn customer_year(self) -> Validity {
        self.span(Duration::days(-1), Duration::days(364))
    }

    fn span(self, from: Duration, until: Duration) -> Validity {
        Validity { from: self.now + from, until: self.now + until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_lie_within_their_authorities() {
        let dates = Dates::around(OffsetDateTime::now_utc()).expect("the clock is right");
        let authority = dates.authority();
        assert!(authority.until - authority.from < Duration::days(30));
        for leaf in [dates.today(), dates.renewed(), dates.expired(), dates.not_yet_valid()] {
            assert!(authority.from < leaf.from && leaf.from < leaf.until && leaf.until < authority.until, "{leaf:?}");
        }
    }

    #[test]
    fn the_end_of_the_calendar_is_an_error() {
        let now = time::PrimitiveDateTime::MAX.assume_utc();
        assert!(matches!(Dates::around(now), Err(PkiError::Clock { .. })));
    }
}
