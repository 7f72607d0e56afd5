//! A series of any length in bounded memory: [`Decimated`].

/// Keeps up to a number of points, each of which stands for the same number of observations. When
/// there are too many, each two neighbors become one, and from then on a point stands for twice as
/// many.
///
/// So a point is no better known the older it is, but the whole series is there, at an even spacing.
#[derive(Clone, Debug)]
pub(crate) struct Decimated<T> {
    points: Vec<T>,
    points_max: usize,
    /// Observations that a point stands for: a power of two.
    stride: u64,
    /// What is not a point yet, and how many observations are in it.
    rest: Option<(T, u64)>,
    /// What stands for two that follow each other.
    merge: fn(T, T) -> T,
}

impl<T: Copy> Decimated<T> {
    /// Keeps an even number of points, two at least.
    pub(crate) fn new(points_max: usize, merge: fn(T, T) -> T) -> Decimated<T> {
        let points_max = points_max.max(2).next_multiple_of(2);
        Decimated { points: Vec::new(), points_max, stride: 1, rest: None, merge }
    }

    /// Adds an observation.
    pub(crate) fn push(&mut self, observation: T) {
        let (sum, count) = match self.rest.take() {
            None => (observation, 1),
            Some((sum, count)) => ((self.merge)(sum, observation), count + 1),
        };
        if count < self.stride {
            self.rest = Some((sum, count));
            return;
        }
        if self.points.len() == self.points_max {
            let merged = self.points.chunks_exact(2).map(|pair| (self.merge)(pair[0], pair[1]));
            self.points = merged.collect();
            self.stride *= 2;
            self.rest = Some((sum, count));
        } else {
            self.points.push(sum);
        }
    }

    /// All that was observed: the points, and what is not one yet.
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        self.points.iter().copied().chain(self.rest.map(|(sum, _)| sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_observation_is_lost_and_none_counted_twice() {
        for points_max in [0, 2, 3, 8] {
            let mut sums = Decimated::new(points_max, |a: u64, b| a + b);
            for number in 1..=1000 {
                sums.push(1);
                assert_eq!(sums.iter().sum::<u64>(), number);
                assert!(sums.points.len() <= points_max.max(4));
                assert!(sums.points.iter().all(|&count| count == sums.stride));
            }
        }
    }

    #[test]
    fn the_order_is_kept_and_the_least_of_a_bucket_stands_for_it() {
        let mut minima = Decimated::new(4, |a: u32, b| a.min(b));
        (0..64).for_each(|number| minima.push(number));
        assert_eq!((minima.stride, &minima.points[..]), (16, &[0, 16, 32, 48][..]));
        minima.push(64);
        assert!(minima.iter().eq([0, 16, 32, 48, 64]), "{minima:?}");
        (65..80).for_each(|number| minima.push(number));
        assert!(minima.iter().eq([0, 32, 64]), "{minima:?}");
    }
}
