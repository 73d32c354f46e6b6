//! Latencies in log-scaled buckets: small, mergeable, good for percentiles.
//!
//! The bounds are fixed for ever: eight buckets to each doubling, from 0.1 ms up, so that any
//! two histograms can be added and a percentile is right to within five percent.

/// The phases whose latencies are kept, with the names of the check report.
pub const PHASES: [&str; 7] = [
    "total",
    "dns",
    "tcp",
    "tls",
    "open_stream",
    "initialize",
    "tools_list",
];

/// Upper edge of the lowest bucket, in milliseconds.
const FLOOR_MS: f64 = 0.1;
/// Buckets to each doubling.
const PER_DOUBLING: f64 = 8.0;
/// The highest bucket, which holds everything above: about six minutes.
const HIGHEST: u16 = 176;

/// Counts of latencies by bucket, the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<(u16, u32)>);

impl Histogram {
    /// Counts one latency in milliseconds.
    pub fn add(&mut self, ms: f64) {
        self.count_in(bucket(ms), 1);
    }

    /// Adds the counts of another one.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.count_in(*bucket, *count);
        }
    }

    fn count_in(&mut self, bucket: u16, more: u32) {
        match self.0.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(more),
            Err(place) => self.0.insert(place, (bucket, more)),
        }
    }

    /// How many latencies were counted.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The latency in milliseconds that `share` (0 to 1) of all stay at or below; `None` if empty.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "counts of checks are far below the precision of a float"
        )]
        let rank = (self.count() as f64 * share.clamp(0.0, 1.0))
            .ceil()
            .max(1.0) as u64;
        let mut seen = 0;
        self.0.iter().find_map(|(bucket, count)| {
            seen += u64::from(*count);
            (seen >= rank).then(|| middle(*bucket))
        })
    }
}

/// The histograms of all phases of one span of time, in the order of [`PHASES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency([Histogram; PHASES.len()]);

impl Latency {
    /// Counts one latency of a phase; phases that are not kept are left out.
    pub fn add(&mut self, phase: &str, ms: f64) {
        if let Some(place) = place(phase) {
            self.0[place].add(ms);
        }
    }

    /// Adds the counts of another span.
    pub fn merge(&mut self, other: &Self) {
        for (mine, more) in self.0.iter_mut().zip(&other.0) {
            mine.merge(more);
        }
    }

    /// The histogram of one phase, if anything was counted.
    pub fn phase(&self, name: &str) -> Option<&Histogram> {
        let histogram = &self.0[place(name)?];
        (!histogram.0.is_empty()).then_some(histogram)
    }

    /// Compact text, as stored: `total:57x12,58x3;dns:…`.
    pub fn to_text(&self) -> String {
        let (mut text, mut digits) = (String::new(), itoa::Buffer::new());
        let counted = PHASES
            .iter()
            .zip(&self.0)
            .filter(|(_, of)| !of.0.is_empty());
        for (phase, histogram) in counted {
            if !text.is_empty() {
                text.push(';');
            }
            text.push_str(phase);
            for (n, (bucket, count)) in histogram.0.iter().enumerate() {
                text.push(if n == 0 { ':' } else { ',' });
                text.push_str(digits.format(*bucket));
                text.push('x');
                text.push_str(digits.format(*count));
            }
        }
        text
    }

    /// Reads the compact text; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut latency = Self::default();
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (phase, counts) = part.split_once(':')?;
            let histogram = &mut latency.0[place(phase)?];
            for pair in counts.split(',') {
                let (bucket, count) = pair.split_once('x')?;
                histogram.count_in(bucket.parse().ok()?, count.parse().ok()?);
            }
        }
        Some(latency)
    }
}

fn place(phase: &str) -> Option<usize> {
    PHASES.iter().position(|name| *name == phase)
}

fn bucket(ms: f64) -> u16 {
    let place = ((ms / FLOOR_MS).max(1.0).log2() * PER_DOUBLING).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded above"
    )]
    let place = place.min(f64::from(HIGHEST)) as u16;
    place
}

fn middle(bucket: u16) -> f64 {
    FLOOR_MS * ((f64::from(bucket) - 0.5).max(0.0) / PER_DOUBLING).exp2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn percentiles_are_right_to_within_five_percent(
            mut values in prop::collection::vec(0.2..300_000.0_f64, 1..200), share in 0.01..1.0_f64,
        ) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.add(*value);
            }
            values.sort_by(f64::total_cmp);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small numbers")]
            let rank = ((values.len() as f64 * share).ceil() as usize).max(1);
            let exact = values[rank - 1];
            let told = histogram.percentile(share).unwrap();
            prop_assert!((told / exact - 1.0).abs() < 0.05, "{told} for {exact}");
        }

        #[test]
        fn text_and_merging_lose_nothing(values in prop::collection::vec(0.0..1e7_f64, 0..50)) {
            let (mut all, mut odd, mut even) = (Latency::default(), Latency::default(), Latency::default());
            for (n, value) in values.iter().enumerate() {
                let phase = PHASES[n % PHASES.len()];
                all.add(phase, *value);
                if n % 2 == 0 { even.add(phase, *value) } else { odd.add(phase, *value) }
            }
            even.merge(&odd);
            prop_assert_eq!(&even, &all);
            prop_assert_eq!(Latency::parse(&all.to_text()), Some(all));
        }
    }

    #[test]
    fn an_empty_one_has_no_percentile_and_nonsense_is_refused() {
        assert_eq!(Histogram::default().percentile(0.5), None);
        assert_eq!(Latency::parse(""), Some(Latency::default()));
        assert_eq!(Latency::parse("total:1y2"), None);
        assert_eq!(Latency::parse("lunch:1x2"), None);
    }
}
