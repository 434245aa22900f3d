//! Dates as SQL writes them, from counts of days and microseconds, so that no date library is needed.

use std::fmt::{self, Display};

/// Microseconds in a day.
pub const DAY: i64 = 86_400_000_000;
/// The first moment in the example databases, 2019-01-07 09:00:00, in microseconds since 1970.
pub const EPOCH: i64 = 17_903 * DAY + 9 * 3_600_000_000;
/// The time over which rows were made: five years.
pub const SPAN: i64 = 1_826 * DAY;

/// A day as `2024-02-29`, from its number since 1970-01-01.
pub fn date(day: i64) -> impl Display {
    // Counted in 400-year eras that begin on the first of March, so that the leap day comes last.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    fmt::from_fn(move |f| write!(f, "{year:04}-{month:02}-{of_month:02}"))
}

/// A moment as `2024-02-29 12:34:56.000001`, from microseconds since 1970.
pub fn moment(micros: i64) -> impl Display {
    let day = date(micros.div_euclid(DAY));
    let rest = micros.rem_euclid(DAY);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    fmt::from_fn(move |f| write!(f, "{day} {hour:02}:{minute:02}:{second:02}.{fraction:06}"))
}

#[cfg(test)]
mod tests {
    use super::{DAY, EPOCH, date, moment};

    #[test]
    fn known_days() {
        for (day, expected) in
            [(0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (19_782, "2024-02-29")]
        {
            assert_eq!(date(day).to_string(), expected);
        }
        assert_eq!(moment(EPOCH).to_string(), "2019-01-07 09:00:00.000000");
        assert_eq!(moment(DAY - 1).to_string(), "1970-01-01 23:59:59.999999");
    }
}
