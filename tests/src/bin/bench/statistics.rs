//! The middle and the tail of measured times.

/// Milliseconds, sorted.
#[derive(Debug, Clone)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn new(mut times_ms: Vec<f64>) -> Self {
        times_ms.sort_by(f64::total_cmp);
        Times(times_ms)
    }

    pub(crate) fn p50(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.percentile(99)
    }

    /// The smallest time that at least so many percent do not exceed; not a number when there is none.
    fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let times = Times::new((1..=200).rev().map(f64::from).collect());
        assert!((times.p50() - 100.0).abs() < 0.001);
        assert!((times.p99() - 198.0).abs() < 0.001);
        assert!(Times::new(vec![]).p50().is_nan());
    }
}
