//! How long a certificate is valid, by the calendar.

use time::{Date, OffsetDateTime};

use super::{Document, Rules, met, not_shown, violated};
use crate::verdict::finding::Ruling;

/// Days before the end at which a warning begins.
const SOON: i64 = 60;

pub(super) fn judge(rules: &Rules<'_>, document: &Document) -> Ruling {
    let Some((not_before, not_after)) = document.validity else {
        return not_shown("a CSR has no dates");
    };
    let seen = format!("{} to {}", not_before.date(), not_after.date());
    // Calendar years, so that a leap day is no breach. openssl counts `-days 730` within two of them.
    if let Some(years) = rules.policy.max_years
        && not_after > plus_years(not_before, i32::from(years))
    {
        return violated(format!("{seen}: longer than {years} years"));
    }
    let Some(now) = rules.at else { return not_shown("the log does not say when it was made") };
    if now > not_after {
        return violated(format!("{seen}: expired"));
    }
    if now < not_before {
        return violated(format!("{seen}: not yet valid"));
    }
    let left = (not_after - now).whole_days();
    let ruling = met(format!("{seen}, {left} days left"));
    if left < SOON { ruling.warn(format!("expires in {left} days")) } else { ruling }
}

fn plus_years(from: OffsetDateTime, years: i32) -> OffsetDateTime {
    let date = from.date();
    let later = Date::from_calendar_date(date.year() + years, date.month(), date.day())
        // 29 February: the first day after the month's end counts.
        .or_else(|_| Date::from_calendar_date(date.year() + years, time::Month::March, 1))
        .unwrap_or(date);
    from.replace_date(later)
}
