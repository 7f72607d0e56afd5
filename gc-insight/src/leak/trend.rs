//! Whether a series grows, and how fast: the tests of Mann, Kendall and Whitney, one of increments, and
//! the slope of Theil and Sen.
//!
//! None of them supposes a shape of the noise.

/// The normal deviate of the Mann-Kendall test for a trend upwards: large if later values tend to be
/// larger (Mann, "Nonparametric tests against trend", Econometrica 13, 1945; Kendall, "Rank correlation
/// methods", 1975, with his correction for ties and for continuity).
///
/// If neighbors are alike beyond the trend, the variance is larger than that of independent values: it
/// is corrected as by Hamed and Rao ("A modified Mann-Kendall trend test for autocorrelated data",
/// Journal of Hydrology 204, 1998), from the ranks of what is left without the trend, and never made
/// smaller.
pub(super) fn mann_kendall(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mut score = 0.0;
    for (place, early) in values.iter().enumerate() {
        score += values[place + 1..].iter().map(|late| sign(late - early)).sum::<f64>();
    }
    let mut variance = n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    for ties in sorted.chunk_by(|a, b| a == b) {
        let t = ties.len() as f64;
        variance -= t * (t - 1.0) * (2.0 * t + 5.0);
    }
    variance *= variance_factor(values) / 18.0;
    deviate(score, variance)
}

/// By how much the score's variance exceeds that of independent values.
fn variance_factor(values: &[f64]) -> f64 {
    let len = values.len();
    let slope = theil_sen(values);
    let rest: Vec<f64> =
        values.iter().enumerate().map(|(place, value)| value - slope * place as f64).collect();
    let ranks = ranks(&rest);
    let mean = (len as f64 + 1.0) / 2.0;
    let product = |lag: usize| {
        let pairs = ranks.iter().zip(&ranks[lag..]);
        pairs.map(|(early, late)| (early - mean) * (late - mean)).sum::<f64>()
    };
    let variance = product(0);
    if variance == 0.0 {
        return 1.0;
    }
    let n = len as f64;
    // Correlations that chance explains would only add noise.
    let chance = 1.96 / n.sqrt();
    let correlations = (1..len / 2).map(|lag| (lag as f64, product(lag) / variance));
    // Those at longer lags say nothing once one is within chance.
    let sum: f64 = correlations
        .take_while(|(_, correlation)| *correlation > chance)
        .map(|(lag, correlation)| (n - lag) * (n - lag - 1.0) * (n - lag - 2.0) * correlation)
        .sum();
    1.0 + 2.0 * sum / (n * (n - 1.0) * (n - 2.0))
}

/// The place of each value in the order of all; those that are equal share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for ties in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = below as f64 + (ties.len() as f64 + 1.0) / 2.0;
        ties.iter().for_each(|&place| ranks[place] = rank);
        below += ties.len();
    }
    ranks
}

/// The normal deviate of the test of Mann and Whitney: large if values of the second sample tend to be
/// larger than those of the first ("On a test of whether one of two random variables is stochastically
/// larger than the other", Annals of Mathematical Statistics 18, 1947; with the correction for ties).
pub(super) fn mann_whitney(first: &[f64], second: &[f64]) -> f64 {
    let score: f64 = first.iter().flat_map(|a| second.iter().map(move |b| sign(b - a))).sum();
    let (m, n) = (first.len() as f64, second.len() as f64);
    let all = m + n;
    let mut sorted: Vec<f64> = first.iter().chain(second).copied().collect();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|ties| (ties.len() as f64).powi(3) - ties.len() as f64)
        .sum();
    // The score counts what is larger less what is smaller: it is twice the usual one.
    let variance = m * n / 3.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    deviate(score, variance)
}

fn sign(difference: f64) -> f64 {
    if difference == 0.0 { 0.0 } else { difference.signum() }
}

/// How likely the increments are, or such as show more growth, if each might as well have had the other
/// sign: an upper bound.
///
/// That is so for a walk without a direction, and more so for values that are independent of each
/// other. The sum of increments is compared with the root of the sum of their squares; their ratio is
/// above z with a probability of exp(-z² / 2) at most, however the increments are distributed (Efron,
/// "Student's t-test under symmetry conditions", Journal of the American Statistical Association 64,
/// 1969). A few steps, however high, are not surprising.
pub(super) fn increments_tail(values: &[f64]) -> f64 {
    let increments = values.windows(2).map(|pair| pair[1] - pair[0]);
    let (sum, squares) =
        increments.fold((0.0, 0.0), |(sum, squares), step| (sum + step, squares + step * step));
    if sum > 0.0 { (-sum * sum / squares / 2.0).exp() } else { 1.0 }
}

/// A score's distance from zero in standard deviations, a step nearer: it is a whole number.
fn deviate(score: f64, variance: f64) -> f64 {
    if variance > 0.0 { sign(score) * (score.abs() - 1.0).max(0.0) / variance.sqrt() } else { 0.0 }
}

/// The median of the slopes between all pairs (Theil, "A rank-invariant method of linear and polynomial
/// regression analysis", 1950; Sen, "Estimates of the regression coefficient based on Kendall's tau",
/// Journal of the American Statistical Association 63, 1968). Zero if there are fewer than two values.
pub(super) fn theil_sen(values: &[f64]) -> f64 {
    let slope = |early: usize, late: usize| (values[late] - values[early]) / (late - early) as f64;
    let mut slopes: Vec<f64> = (0..values.len())
        .flat_map(|early| (early + 1..values.len()).map(move |late| slope(early, late)))
        .collect();
    if slopes.is_empty() {
        return 0.0;
    }
    let middle = slopes.len() / 2;
    let is_odd = !slopes.len().is_multiple_of(2);
    let (below, &mut upper, _) = slopes.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| !is_odd);
    (lower.unwrap_or(upper) + upper) / 2.0
}

/// The chance that a normal deviate is this large or larger.
pub(super) fn upper_tail(deviate: f64) -> f64 {
    libm::erfc(deviate / std::f64::consts::SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_deviates_are_those_of_the_textbooks() {
        // S = 8, for one of 10 pairs falls: (8 - 1) / sqrt(5 * 4 * 15 / 18).
        let values = [1.0, 2.0, 4.0, 3.0, 5.0];
        assert!(close(mann_kendall(&values), 7.0 / (300.0_f64 / 18.0).sqrt()));
        // One tie: S = 9, and 2 * 1 * 9 less in the variance.
        let values = [1.0, 2.0, 2.0, 3.0, 4.0];
        assert!(close(mann_kendall(&values), 8.0 / (282.0_f64 / 18.0).sqrt()));
        // U = 9 of 9: twice (9 - 4.5), less 1, over sqrt(9 * 7 / 3).
        let deviate = mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]);
        assert!(close(deviate, 8.0 / 21.0_f64.sqrt()));
        assert!(close(mann_whitney(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]), -deviate));
    }

    #[test]
    fn what_does_not_change_has_no_trend() {
        for len in 0..5 {
            let values = vec![7.0; len];
            assert_eq!((mann_kendall(&values), theil_sen(&values)), (0.0, 0.0));
            assert_eq!(mann_whitney(&values, &values), 0.0);
        }
    }

    #[test]
    fn a_step_is_no_surprise_and_many_are() {
        let steps = |count: usize| -> Vec<f64> { (0..=count).map(|n| n as f64).collect() };
        assert!(close(increments_tail(&steps(1)), (-0.5_f64).exp()));
        assert!(close(increments_tail(&steps(40)), (-20.0_f64).exp()));
        assert!(close(increments_tail(&[0.0, 0.0, 1e12, 1e12]), (-0.5_f64).exp()));
        // Back where it was, or below; and nothing at all.
        for values in [&[5.0, 9.0, 5.0][..], &[5.0, 4.0], &[5.0, 5.0], &[5.0], &[]] {
            assert_eq!(increments_tail(values), 1.0);
        }
    }

    #[test]
    fn a_trend_downwards_is_negative() {
        let falling: Vec<f64> = (0..20).map(|n| f64::from(-n)).collect();
        assert!(mann_kendall(&falling) < -5.0);
        assert_eq!(theil_sen(&falling), -1.0);
    }

    #[test]
    fn the_slope_is_the_median_and_outliers_do_not_matter() {
        let mut values: Vec<f64> = (0..21).map(|n| 3.0 * f64::from(n)).collect();
        values[5] = 1e9;
        values[17] = -1e9;
        assert_eq!(theil_sen(&values), 3.0);
        // Of an even number it is the mean of the two in the middle.
        assert_eq!(theil_sen(&[0.0, 1.0, 4.0, 4.0]), (4.0 / 3.0 + 1.5) / 2.0);
        assert_eq!(theil_sen(&[0.0, 5.0]), 5.0);
    }

    #[test]
    fn slow_waves_are_less_surprising_than_independent_values() {
        let trend = |n: u32| f64::from(n);
        let independent: Vec<f64> =
            (0..40).map(|n| trend(n) + 60.0 * f64::from(n * 7 % 11)).collect();
        let waves: Vec<f64> = (0..40)
            .map(|n| trend(n) + 60.0 * f64::from(if n % 20 < 10 { n % 10 } else { 10 - n % 10 }))
            .collect();
        assert_eq!(variance_factor(&independent), 1.0);
        assert!(variance_factor(&waves) > 2.0, "{}", variance_factor(&waves));
    }

    /// Each value is nine tenths of the one before, and noise.
    #[test]
    fn what_lingers_is_seldom_taken_for_a_trend() {
        let is_surprising = |seed: &u64| {
            let mut random = Pcg64Mcg::seed_from_u64(*seed);
            let mut value = 0.0;
            let values: Vec<f64> = (0..96)
                .map(|_| {
                    value = 0.9 * value + random.random_range(-1.0..1.0);
                    value
                })
                .collect();
            mann_kendall(&values) > 1.645
        };
        // At a level of 5 % that would be 15. The correction is not exact, but without it there are more
        // than 90.
        let surprises = (0..300).filter(is_surprising).count();
        assert!(surprises <= 45, "{surprises}");
    }

    #[test]
    fn ranks_of_equal_values_are_shared() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn the_tail_is_that_of_the_normal_distribution() {
        assert!(close(upper_tail(0.0), 0.5));
        assert!((upper_tail(1.959_963_985) - 0.025).abs() < 1e-9);
        assert!((upper_tail(6.0) / 9.865_876e-10 - 1.0).abs() < 1e-6);
    }
}
