use super::density::density;
use super::kmeans::{kmeans, nearest};
use super::mixture::Mixture;
use super::points::{Points, distance};
use super::words::name;
use crate::artefact::{Sound, holds, usable};
use crate::error::{Error, Result};
use crate::predict::{Kind, Table, Values};
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// Most segments that are looked for, and fewest rows for each.
const MOST: usize = 12;
const LEAST_ROWS: usize = 20;
/// Rows on which the number of segments is chosen.
const SAMPLE: usize = 4_000;
/// Mean silhouette from which several segments are better than one.
const LEAST_SILHOUETTE: f64 = 0.2;
/// Largest squared distance per feature at which a new segment is the old one, moved.
const SAME: f64 = 0.5;
/// Features that a name may hold beyond the usual ones to be like no other.
const MORE_WORDS: usize = 4;

/// How segments are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// k-means.
    #[default]
    KMeans,
    /// Gaussian mixture.
    Mixture,
    /// DBSCAN.
    Density,
}

/// What sets a segment apart: a feature, its mean there and everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The column; for a category `column = value`.
    pub feature: String,
    /// Mean (share, for a category) within the segment.
    pub here: f64,
    /// Mean over all rows.
    pub overall: f64,
    /// Difference in standard deviations of the scaled feature.
    pub strength: f64,
}

/// A group of rows that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Keeps its meaning across retraining.
    pub id: u32,
    /// In words, for example `returning buyers from newsletter: 4.1× revenue`; that of no other segment. It goes on
    /// with the id, so that what is filtered by it still is: what is true now is in `differences`.
    pub name: String,
    /// Share of all rows.
    pub share: f64,
    /// What sets it apart, strongest first.
    pub differences: Vec<Difference>,
    centre: Vec<f64>,
}

/// Segments of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segments {
    /// How they were found.
    pub method: Method,
    /// The segments, largest first.
    pub segments: Vec<Segment>,
    /// Mean simplified silhouette: 1 is far apart, 0 is no structure.
    pub silhouette: f64,
    /// The seed.
    pub seed: u64,
    columns: Vec<(String, Kind, Option<Scale>)>,
}

impl Segments {
    /// Finds segments; their number is chosen by the data. `before` are the segments of an earlier training,
    /// whose ids go on where a segment is still there.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than 20 rows; [`Error::Degenerate`] without a column that varies.
    pub fn fit(table: &Table, method: Method, seed: u64, before: Option<&Segments>) -> Result<Segments> {
        if table.rows < LEAST_ROWS {
            return Err(Error::TooFew { field: "rows", given: table.rows, want: LEAST_ROWS });
        }
        let columns: Vec<(String, Kind, Option<Scale>)> = table
            .columns
            .iter()
            .filter_map(|column| {
                let scale = match &column.values {
                    Values::Numbers(numbers) => Some(Scale::of_column(numbers)),
                    Values::Categories(_) => None,
                };
                Some((column.name.clone(), column.kind()?, scale))
            })
            .collect();
        if columns.is_empty() {
            return Err(Error::Degenerate { why: "no column says anything" });
        }
        let mut model = Segments { method, segments: Vec::new(), silhouette: 0.0, seed, columns };
        let points = model.points(table)?;
        let of = model.cluster(&points)?;
        model.describe(table, &points, &of);
        model.number(before);
        Ok(model)
    }

    /// The id of each row's segment.
    ///
    /// # Errors
    /// [`Error::Column`] if the table has none of the model's columns.
    pub fn assign(&self, table: &Table) -> Result<Vec<u32>> {
        if self.columns.iter().all(|(name, ..)| table.column(name).is_none()) {
            let name = self.columns.first().map(|(name, ..)| name.clone()).unwrap_or_default();
            return Err(Error::Column {
                name,
                why: "is not in the table, nor is any other column of the model",
            });
        }
        if table.rows == 0 {
            return Ok(Vec::new());
        }
        let points = self.points(table)?;
        let flat: Vec<f64> = self.segments.iter().flat_map(|segment| &segment.centre).copied().collect();
        Ok(points.iter().map(|point| self.segments[nearest(point, &flat).0].id).collect())
    }

    /// How well the segments part the rows of a table: the mean simplified silhouette, as
    /// [`Segments::silhouette`] is of those they were found in.
    ///
    /// # Errors
    /// Those of [`Segments::assign`].
    pub fn cohesion(&self, table: &Table) -> Result<f64> {
        let ids = self.assign(table)?;
        if ids.is_empty() {
            return Ok(0.0);
        }
        let place = |id: &u32| self.segments.iter().position(|segment| segment.id == *id).unwrap_or(0);
        Ok(silhouette(&self.points(table)?, &ids.iter().map(place).collect::<Vec<_>>()))
    }

    /// Scaled numbers and a place per category, the latter narrower so that a feature with many categories
    /// does not outweigh the others.
    fn points(&self, table: &Table) -> Result<Points> {
        let mut parts: Vec<(Vec<f64>, &Kind, Option<&Scale>)> = Vec::new();
        for (name, kind, scale) in &self.columns {
            let missing = || vec![f64::NAN; table.rows];
            let values = table.column(name).map_or_else(missing, |column| column.read(kind));
            parts.push((values, kind, scale.as_ref()));
        }
        let width = self.features().len();
        let mut values = Vec::with_capacity(table.rows * width);
        for row in 0..table.rows {
            for (column, kind, scale) in &parts {
                let value = column[row];
                match (kind, scale) {
                    (Kind::Category(known), _) => {
                        let height = std::f64::consts::FRAC_1_SQRT_2;
                        values
                            .extend((0..known.len()).map(|at| if value == at as f64 { height } else { 0.0 }));
                    }
                    (Kind::Number, Some(scale)) if value.is_nan() => values.push(scale.of_centre()),
                    (Kind::Number, Some(scale)) => values.push(scale.of(value)),
                    (Kind::Number, None) => values.push(0.0),
                }
            }
        }
        Points::new(width, values)
    }

    fn features(&self) -> Vec<String> {
        let of = |(name, kind, _): &(String, Kind, Option<Scale>)| match kind {
            Kind::Number => vec![name.clone()],
            Kind::Category(known) => known.iter().map(|value| format!("{name} = {value}")).collect(),
        };
        self.columns.iter().flat_map(of).collect()
    }

    fn cluster(&mut self, points: &Points) -> Result<Vec<usize>> {
        let sample = points.sample(SAMPLE);
        let most = MOST.min(points.len() / (LEAST_ROWS / 2)).max(1);
        Ok(match self.method {
            Method::Density => {
                let groups = density(points, 2 * points.width().min(10))?;
                let of = adopt(points, &groups);
                self.silhouette = silhouette(points, &of);
                of
            }
            Method::Mixture => {
                let fits = (1..=most).filter_map(|k| Mixture::fit(&sample, k, self.seed).ok());
                let k = fits
                    .map(|mixture| (mixture.components.len(), mixture.criterion(&sample)))
                    .min_by(|a, b| a.1.total_cmp(&b.1))
                    .map_or(1, |best| best.0);
                let mixture =
                    Mixture::fit(points, k, self.seed).or_else(|_| Mixture::fit(&sample, k, self.seed))?;
                let largest = |shares: Vec<f64>| {
                    shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |best| best.0)
                };
                let of: Vec<usize> = points.iter().map(|point| largest(mixture.shares(point).0)).collect();
                self.silhouette = silhouette(points, &of);
                of
            }
            Method::KMeans => {
                let mut judged = Vec::new();
                for k in 2..=most {
                    judged.push((k, silhouette(&sample, &kmeans(&sample, k, self.seed)?.of)));
                }
                let best = judged.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((1, 0.0));
                self.silhouette = best.1;
                let k = if best.1 >= LEAST_SILHOUETTE { best.0 } else { 1 };
                kmeans(points, k, self.seed)?.of
            }
        })
    }

    fn describe(&mut self, table: &Table, points: &Points, of: &[usize]) {
        let features = self.features();
        let (n, width) = (points.len(), points.width());
        let mut raw = Vec::with_capacity(width);
        for (name, kind, _) in &self.columns {
            let Some(values) = table.column(name).map(|column| column.read(kind)) else { continue };
            match kind {
                Kind::Number => raw.push(values),
                Kind::Category(known) => {
                    raw.extend((0..known.len()).map(|at| {
                        values.iter().map(|value| f64::from(u8::from(*value == at as f64))).collect()
                    }));
                }
            }
        }
        let mean = |rows: &mut dyn Iterator<Item = f64>| {
            let (sum, count) =
                rows.filter(|value| !value.is_nan()).fold((0.0, 0.0), |(s, c), v| (s + v, c + 1.0));
            if count > 0.0 { sum / count } else { 0.0 }
        };
        let count = of.iter().max().map_or(0, |last| last + 1);
        for group in 0..count {
            let rows: Vec<usize> = (0..n).filter(|row| of[*row] == group).collect();
            if rows.is_empty() {
                continue;
            }
            let mut centre = vec![0.0; width];
            for row in &rows {
                centre.iter_mut().zip(points.get(*row)).for_each(|(sum, v)| *sum += v / rows.len() as f64);
            }
            let differences = features.iter().enumerate().map(|(at, feature)| {
                let all = mean(&mut points.iter().map(|point| point[at]));
                let spread = mean(&mut points.iter().map(|point| (point[at] - all).powi(2))).sqrt();
                Difference {
                    feature: feature.clone(),
                    here: mean(&mut rows.iter().map(|row| raw[at][*row])),
                    overall: mean(&mut raw[at].iter().copied()),
                    strength: if spread > 0.0 { (centre[at] - all) / spread } else { 0.0 },
                }
            });
            let mut differences: Vec<Difference> = differences.collect();
            differences.sort_by(|a, b| b.strength.abs().total_cmp(&a.strength.abs()));
            let name = name(&differences, 0);
            let share = rows.len() as f64 / n as f64;
            self.segments.push(Segment { id: 0, name, share, differences, centre });
        }
        self.segments.sort_by(|a, b| b.share.total_cmp(&a.share));
    }

    /// Old ids and names where the centre is still near, new ones elsewhere.
    fn number(&mut self, before: Option<&Segments>) {
        let same = before.filter(|before| {
            before.columns.iter().map(|c| (&c.0, &c.1)).eq(self.columns.iter().map(|c| (&c.0, &c.1)))
        });
        let mut next = before.and_then(|b| b.segments.iter().map(|s| s.id).max()).map_or(1, |id| id + 1);
        let mut pairs = Vec::new();
        for (new, segment) in self.segments.iter().enumerate() {
            for old in same.iter().flat_map(|before| &before.segments) {
                let away = distance(&segment.centre, &old.centre) / segment.centre.len() as f64;
                pairs.push((away, new, old.id));
            }
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ids: Vec<Option<u32>> = vec![None; self.segments.len()];
        for (away, new, id) in pairs {
            if away <= SAME && ids[new].is_none() && !ids.contains(&Some(id)) {
                ids[new] = Some(id);
            }
        }
        for (segment, id) in self.segments.iter_mut().zip(ids) {
            let old = before.into_iter().flat_map(|before| &before.segments).find(|old| Some(old.id) == id);
            if let Some(old) = old {
                segment.name.clone_from(&old.name);
            }
            segment.id = id.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
        }
        tell_apart(&mut self.segments);
    }
}

impl Sound for Segments {
    fn sound(&self) -> std::result::Result<(), &'static str> {
        let column = |(_, kind, scale): &(String, Kind, Option<Scale>)| {
            (*kind == Kind::Number) == scale.is_some() && scale.as_ref().is_none_or(Scale::is_sound)
        };
        holds(self.columns.iter().all(column), "a column is scaled like none")?;
        let width = self.features().len();
        holds(width > 0, "it reads no columns")?;
        holds(!self.segments.is_empty(), "it has no segments")?;
        let fits = |segment: &Segment| segment.centre.len() == width && usable(&segment.centre);
        holds(self.segments.iter().all(fits), "a segment's centre is not of its columns")?;
        let mut ids: Vec<u32> = self.segments.iter().map(|segment| segment.id).collect();
        ids.sort_unstable();
        holds(ids.windows(2).all(|two| two[0] != two[1]), "two segments have one id")
    }
}

/// Gives names that are taken more words, and where those do not help a number. The oldest keeps its name.
fn tell_apart(segments: &mut [Segment]) {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by_key(|at| segments[*at].id);
    let mut taken: Vec<String> = Vec::new();
    for at in order {
        let segment = &segments[at];
        let longer = (0..=MORE_WORDS).map(|more| name(&segment.differences, more));
        let free = std::iter::once(segment.name.clone()).chain(longer).find(|name| !taken.contains(name));
        let free = free.unwrap_or_else(|| format!("{} ({})", segment.name, segment.id));
        taken.push(free.clone());
        segments[at].name = free;
    }
}

/// Puts points that belong to no group to the group whose centre is nearest; without groups there is one.
fn adopt(points: &Points, groups: &[Option<usize>]) -> Vec<usize> {
    let count = groups.iter().flatten().max().map_or(0, |last| last + 1);
    let mut centres = vec![0.0; count * points.width()];
    let mut counts = vec![0.0f64; count];
    for (point, group) in points.iter().zip(groups).filter_map(|(point, group)| Some((point, (*group)?))) {
        counts[group] += 1.0;
        let centre = &mut centres[group * points.width()..(group + 1) * points.width()];
        centre.iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
    }
    for (centre, count) in centres.chunks_exact_mut(points.width()).zip(&counts) {
        centre.iter_mut().for_each(|value| *value /= count.max(1.0));
    }
    points
        .iter()
        .zip(groups)
        .map(|(point, group)| group.unwrap_or_else(|| nearest(point, &centres).0))
        .collect()
}

/// Mean over points of how much nearer their own centre is than the next one.
fn silhouette(points: &Points, of: &[usize]) -> f64 {
    let count = of.iter().max().map_or(0, |last| last + 1);
    let width = points.width();
    let mut centres = vec![0.0; count * width];
    let mut counts = vec![0.0f64; count];
    for (point, of) in points.iter().zip(of) {
        counts[*of] += 1.0;
        centres[of * width..(of + 1) * width].iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
    }
    for (centre, count) in centres.chunks_exact_mut(width).zip(&counts) {
        centre.iter_mut().for_each(|value| *value /= count.max(1.0));
    }
    if count < 2 {
        return 0.0;
    }
    let one = |(point, of): (&[f64], &usize)| {
        let away = |at: usize| distance(point, &centres[at * width..(at + 1) * width]).sqrt();
        let own = away(*of);
        let others = (0..count).filter(|at| at != of && counts[*at] > 0.0).map(away);
        let next = others.fold(f64::INFINITY, f64::min);
        let larger = own.max(next);
        if larger > 0.0 && larger.is_finite() { (next - own) / larger } else { 0.0 }
    };
    points.iter().zip(of).map(one).sum::<f64>() / points.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(id: u32, differences: &[(&str, f64, f64, f64)]) -> Segment {
        let difference = |(feature, here, overall, strength): &(&str, f64, f64, f64)| Difference {
            feature: (*feature).to_owned(),
            here: *here,
            overall: *overall,
            strength: *strength,
        };
        let differences: Vec<Difference> = differences.iter().map(difference).collect();
        Segment { id, name: name(&differences, 0), share: 0.5, differences, centre: Vec::new() }
    }

    #[test]
    fn names_say_what_is_there_and_are_told_apart() {
        let buyers = [
            ("source = search", 0.0, 0.6, -1.2),
            ("source = letter", 1.0, 0.4, 1.2),
            ("revenue", 41.0, 10.0, 0.9),
            ("visits", 2.0, 8.0, -0.8),
        ];
        let same = segment(9, &buyers[..3]);
        let mut segments = [segment(2, &buyers), segment(1, &buyers), same, segment(4, &[])];
        tell_apart(&mut segments);
        let names = segments.each_ref().map(|segment| segment.name.as_str());
        assert_eq!(names[1], "buyers from letter: 4.1× revenue");
        assert_eq!(names[0], "buyers from letter: 4.1× revenue, 0.2× visits");
        assert_eq!(names[2], "buyers from letter: 4.1× revenue, 0 % source search");
        assert_eq!(names[3], "average");
        let mut twins = [segment(4, &[]), segment(7, &[])];
        tell_apart(&mut twins);
        assert_eq!(twins.map(|segment| segment.name), ["average", "average (7)"]);
    }
}
