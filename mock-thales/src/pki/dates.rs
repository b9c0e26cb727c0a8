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
    authority: Validity,
    /// What is in use today.
    today: Validity,
}

impl Dates {
    /// Authorities of thirty days, with `now` in their middle. Fails where thirteen months around `now` are out of range.
    pub(super) fn around(now: OffsetDateTime) -> Result<Self, PkiError> {
        let now = second(now)?;
        // The last second counts (RFC 5280 section 4.1.2.5).
        let authority = span(now, Duration::days(-15), Duration::days(15) - Duration::SECOND);
        Ok(Self { now, authority, today: span(now, Duration::days(-2), Duration::days(10)) })
    }

    /// Authorities that were made at some moment and last until another; what is in use today lasts as long as they.
    pub(super) fn lasting(now: OffsetDateTime, made: OffsetDateTime, until: OffsetDateTime) -> Result<Self, PkiError> {
        let (now, made, until) = (second(now)?, second(made)?, second(until)?);
        let authority = Validity { from: made - Duration::days(15), until };
        let today = Validity { from: made - Duration::days(2), until: until - Duration::SECOND };
        Ok(Self { now, authority, today })
    }

    /// The moment itself.
    pub(super) fn now(self) -> OffsetDateTime {
        self.now
    }

    /// An authority.
    pub(super) fn authority(self) -> Validity {
        self.authority
    }

    /// A leaf in use.
    pub(super) fn today(self) -> Validity {
        self.today
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
        span(self.now, Duration::days(-1), Duration::days(364))
    }

    /// Within the authority that signs it.
    fn span(self, from: Duration, until: Duration) -> Validity {
        let Validity { from, until } = span(self.now, from, until);
        Validity { from, until: until.min(self.authority.until - Duration::SECOND) }
    }
}

fn span(now: OffsetDateTime, from: Duration, until: Duration) -> Validity {
    Validity { from: now + from, until: now + until }
}

/// The moment in whole seconds, as certificates count, with room for the longest validity on both sides.
fn second(moment: OffsetDateTime) -> Result<OffsetDateTime, PkiError> {
    let margin = Duration::days(400);
    let second = moment.replace_nanosecond(0).ok();
    second
        .filter(|second| second.checked_add(margin).is_some() && second.checked_sub(margin).is_some())
        .ok_or_else(|| PkiError::Clock { now: moment.to_string() })
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
