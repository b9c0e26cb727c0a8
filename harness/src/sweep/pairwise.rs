//! Combinations of values in which each pair of values of two dimensions occurs: IPOG, one dimension after the other, with
//! a generator of its own for ties, so that a seed gives the same rows on every machine and in every release.

use std::collections::BTreeSet;

/// Numbers that look random and are not: SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// Another order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// A pair of values: the dimensions' indices, the lower one first, each with the index of its value.
type Pair = ((usize, usize), (usize, usize));

/// Rows of one value's index for each dimension, in which every pair of values of two dimensions stands. `sizes` are the
/// numbers of values, each at least 1; of fewer than two dimensions there is no pair, and no row.
pub fn rows(sizes: &[usize], dice: &mut Dice) -> Vec<Vec<usize>> {
    if sizes.len() < 2 || sizes.contains(&0) {
        return Vec::new();
    }
    let mut rows: Vec<Vec<Option<usize>>> = Vec::new();
    for first in 0..sizes[0] {
        for second in 0..sizes[1] {
            rows.push(vec![Some(first), Some(second)]);
        }
    }
    for (new, size) in sizes.iter().enumerate().skip(2) {
        let mut open: BTreeSet<Pair> = BTreeSet::new();
        for (old, old_size) in sizes.iter().enumerate().take(new) {
            for old_value in 0..*old_size {
                open.extend((0..*size).map(|value| ((old, old_value), (new, value))));
            }
        }
        widen(&mut rows, new, *size, &mut open, dice);
        lengthen(&mut rows, new, &open);
    }
    // What no pair needs is any value: a fixed one would be tried more often than others.
    rows.into_iter()
        .map(|row| row.into_iter().zip(sizes).map(|(value, size)| value.unwrap_or_else(|| dice.below(*size))).collect())
        .collect()
}

/// Gives each row the value of the new dimension that covers most of what is open.
fn widen(rows: &mut [Vec<Option<usize>>], new: usize, size: usize, open: &mut BTreeSet<Pair>, dice: &mut Dice) {
    for row in rows {
        let covered = |value: usize| {
            let pairs = row.iter().enumerate().filter_map(|(old, held)| Some(((old, (*held)?), (new, value))));
            pairs.filter(|pair| open.contains(pair)).collect::<Vec<_>>()
        };
        let start = dice.below(size);
        let mut best = (Vec::new(), None);
        for value in (0..size).map(|offset| (start + offset) % size) {
            let found = covered(value);
            if found.len() > best.0.len() {
                best = (found, Some(value));
            }
        }
        for pair in &best.0 {
            open.remove(pair);
        }
        row.push(best.1);
    }
}

/// Adds what is still open, in rows that have room for it, or in new ones.
fn lengthen(rows: &mut Vec<Vec<Option<usize>>>, new: usize, open: &BTreeSet<Pair>) {
    for &((old, old_value), (_, value)) in open {
        let has_room = |held: Option<usize>, wanted: usize| held.is_none_or(|held| held == wanted);
        let place = rows.iter_mut().find(|row| has_room(row[old], old_value) && has_room(row[new], value));
        match place {
            Some(row) => {
                row[old] = Some(old_value);
                row[new] = Some(value);
            }
            None => {
                let mut row = vec![None; new + 1];
                row[old] = Some(old_value);
                row[new] = Some(value);
                rows.push(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair that has to stand somewhere, counted one by one.
    fn missing(sizes: &[usize], rows: &[Vec<usize>]) -> (usize, Vec<Pair>) {
        let mut all = 0;
        let mut missing = Vec::new();
        for (second, second_size) in sizes.iter().enumerate() {
            for (first, first_size) in sizes.iter().enumerate().take(second) {
                for first_value in 0..*first_size {
                    for second_value in 0..*second_size {
                        all += 1;
                        if !rows.iter().any(|row| row[first] == first_value && row[second] == second_value) {
                            missing.push(((first, first_value), (second, second_value)));
                        }
                    }
                }
            }
        }
        (all, missing)
    }

    #[test]
    fn every_pair_of_values_is_covered() {
        for seed in 0..50 {
            let mut dice = Dice::new(seed);
            for count in 2..12 {
                let sizes: Vec<_> = (0..count).map(|_| 1 + dice.below(7)).collect();
                let rows = rows(&sizes, &mut dice);
                let (all, missing) = missing(&sizes, &rows);
                let expected: usize = (0..count)
                    .flat_map(|second| (0..second).map(move |first| (first, second)))
                    .map(|(a, b)| sizes[a] * sizes[b])
                    .sum();
                assert_eq!(all, expected);
                assert!(missing.is_empty(), "{sizes:?}, seed {seed}: {missing:?}");
                assert!(
                    rows.iter()
                        .all(|row| row.len() == count && row.iter().zip(&sizes).all(|(value, size)| value < size))
                );
            }
        }
    }

    #[test]
    fn rows_are_few() {
        // Twenty-five pairs of two dimensions need 25 rows; nine of these dimensions are to need hardly more.
        let rows = rows(&[5, 5, 4, 3, 3, 2, 2, 2, 2], &mut Dice::new(1));
        assert!((25..=32).contains(&rows.len()), "{}", rows.len());
        assert!(super::rows(&[4], &mut Dice::new(1)).is_empty());
    }

    #[test]
    fn a_seed_says_it_all() {
        let of = |seed| {
            let mut dice = Dice::new(seed);
            let mut order: Vec<_> = (0..100).collect();
            dice.shuffle(&mut order);
            (rows(&[3, 4, 2, 2], &mut dice), order)
        };
        assert_eq!(of(7), of(7));
        assert_ne!(of(7).1, of(8).1);
        let mut sorted = of(7).1;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        // The order of a printed seed stays the same from release to release.
        assert_eq!(Dice::new(1234567).next(), 6457827717110365317);
    }
}
