//! The graph of an alert as a picture (PNG), for channels that show pictures.

use tiny_skia::{Color, Paint, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform};

use super::Graph;
use super::words::number;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 280;
/// Room for the axes, in pixels.
const LEFT: f32 = 64.0;
const RIGHT: f32 = 16.0;
const TOP: f32 = 16.0;
const BOTTOM: f32 = 28.0;
/// Pixels per dot of a letter.
const DOT: f32 = 2.0;

/// Draws a graph; `None` where there is nothing to draw.
pub fn picture(graph: &Graph) -> Option<Vec<u8>> {
    if graph.values.len() < 2 || graph.step <= 0 {
        return None;
    }
    let mut canvas = Canvas::new(graph)?;
    canvas.ground();
    canvas.band();
    canvas.cause();
    canvas.axes();
    canvas.line();
    canvas.pixmap.encode_png().ok()
}

struct Canvas<'a> {
    graph: &'a Graph,
    pixmap: Pixmap,
    low: f64,
    high: f64,
}

impl<'a> Canvas<'a> {
    fn new(graph: &'a Graph) -> Option<Self> {
        let band = graph.band.map(|band| [band.lower, band.upper]);
        let all = graph.values.iter().copied().chain(graph.limit).chain(band.into_iter().flatten());
        let all: Vec<f64> = all.filter(|value| value.is_finite()).collect();
        let low = all.iter().copied().fold(0.0, f64::min);
        let high = all.iter().copied().fold(f64::MIN, f64::max);
        let high = if high > low { low + (high - low) * 1.08 } else { low + 1.0 };
        Some(Self { graph, pixmap: Pixmap::new(WIDTH, HEIGHT)?, low, high })
    }

    fn x(&self, step: f64) -> f32 {
        let share = step / (self.graph.values.len() - 1) as f64;
        LEFT + share as f32 * (WIDTH as f32 - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f32 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        HEIGHT as f32 - BOTTOM - share as f32 * (HEIGHT as f32 - TOP - BOTTOM)
    }

    fn ground(&mut self) {
        self.pixmap.fill(Color::WHITE);
    }

    /// The band in which it was expected.
    fn band(&mut self) {
        if let Some(band) = self.graph.band {
            let (top, bottom) = (self.y(band.upper), self.y(band.lower));
            self.fill(
                LEFT,
                top,
                WIDTH as f32 - LEFT - RIGHT,
                (bottom - top).max(1.0),
                [0xd3, 0xf9, 0xd8, 0xff],
            );
        }
    }

    /// The stretch that broke the rule.
    fn cause(&mut self) {
        let (from, to) = self.graph.cause;
        if from < to {
            let (left, right) = (self.x(from as f64), self.x(to as f64).min(WIDTH as f32 - RIGHT));
            self.fill(
                left,
                TOP,
                (right - left).max(3.0),
                HEIGHT as f32 - TOP - BOTTOM,
                [0xff, 0xe3, 0xe3, 0xff],
            );
        }
    }

    fn axes(&mut self) {
        for share in [0.0, 0.5, 1.0] {
            let value = self.low + (self.high - self.low) / 1.08 * share;
            let y = self.y(value);
            self.fill(LEFT, y, WIDTH as f32 - LEFT - RIGHT, 1.0, [0xde, 0xe2, 0xe6, 0xff]);
            let label = short(value);
            self.label(&label, LEFT - 8.0 - width(&label), y - 2.5 * DOT);
        }
        let last = self.graph.values.len() - 1;
        for step in [0, last / 2, last] {
            let label = clock(self.graph.from + step as i64 * self.graph.step);
            let x = (self.x(step as f64) - width(&label) / 2.0).min(WIDTH as f32 - width(&label) - 4.0);
            self.label(&label, x, HEIGHT as f32 - BOTTOM + 8.0);
        }
    }

    fn line(&mut self) {
        if let Some(limit) = self.graph.limit {
            let y = self.y(limit);
            let dash = StrokeDash::new(vec![6.0, 4.0], 0.0);
            self.stroke(&[(LEFT, y), (WIDTH as f32 - RIGHT, y)], [0xe0, 0x31, 0x31, 0xff], 1.5, dash);
        }
        let points: Vec<(f32, f32)> = self
            .graph
            .values
            .iter()
            .enumerate()
            .map(|(step, value)| (self.x(step as f64), self.y(*value)))
            .collect();
        self.stroke(&points, [0x19, 0x71, 0xc2, 0xff], 2.0, None);
    }

    fn label(&mut self, text: &str, x: f32, y: f32) {
        for (place, letter) in text.chars().enumerate() {
            for (row, dots) in dots(letter).into_iter().enumerate() {
                for column in (0..3).filter(|column| dots & (4 >> column) != 0) {
                    let x = x + (place * 4 + column) as f32 * DOT;
                    self.fill(x, y + row as f32 * DOT, DOT, DOT, [0x49, 0x50, 0x57, 0xff]);
                }
            }
        }
    }

    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, colour: [u8; 4]) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.pixmap.fill_rect(rect, &paint(colour), Transform::identity(), None);
        }
    }

    fn stroke(&mut self, points: &[(f32, f32)], colour: [u8; 4], width: f32, dash: Option<StrokeDash>) {
        let mut path = PathBuilder::new();
        for (place, (x, y)) in points.iter().enumerate() {
            if place == 0 { path.move_to(*x, *y) } else { path.line_to(*x, *y) }
        }
        if let Some(path) = path.finish() {
            let stroke = Stroke { width, dash, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint(colour), &stroke, Transform::identity(), None);
        }
    }
}

fn paint(colour: [u8; 4]) -> Paint<'static> {
    let [red, green, blue, alpha] = colour;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, alpha);
    paint
}

fn width(text: &str) -> f32 {
    (text.chars().count() * 4) as f32 * DOT - DOT
}

/// Hours and minutes of the site's clock.
fn clock(at: i64) -> String {
    let minute = at.rem_euclid(86_400) / 60;
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// A number in few letters: `1.2k`, `35M`.
fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, "G"),
        v if v >= 1e6 => (value / 1e6, "M"),
        v if v >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let rounded = if scaled.abs() >= 10.0 { scaled.round() } else { (scaled * 10.0).round() / 10.0 };
    format!("{}{unit}", number(rounded))
}

/// The rows of a letter, three dots each: what numbers and times need.
fn dots(letter: char) -> [u8; 5] {
    match letter {
        '0' => [7, 5, 5, 5, 7],
        '1' => [2, 6, 2, 2, 7],
        '2' => [7, 1, 7, 4, 7],
        '3' => [7, 1, 7, 1, 7],
        '4' => [5, 5, 7, 1, 1],
        '5' => [7, 4, 7, 1, 7],
        '6' => [7, 4, 7, 5, 7],
        '7' => [7, 1, 2, 2, 2],
        '8' => [7, 5, 7, 5, 7],
        '9' => [7, 5, 7, 1, 7],
        ':' => [0, 2, 0, 2, 0],
        '.' => [0, 0, 0, 0, 2],
        '-' => [0, 0, 7, 0, 0],
        'k' => [4, 5, 6, 5, 5],
        'M' => [5, 7, 7, 5, 5],
        'G' => [7, 4, 5, 5, 7],
        _ => [0; 5],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Band;

    fn graph() -> Graph {
        Graph {
            from: 1_700_000_040,
            step: 60,
            values: (0..60).map(|step| f64::from(step % 7) + if step > 55 { 40.0 } else { 0.0 }).collect(),
            cause: (56, 60),
            band: Some(Band { lower: 0.0, upper: 9.0 }),
            limit: Some(20.0),
        }
    }

    #[test]
    fn a_graph_becomes_a_picture_with_its_line_threshold_and_cause() {
        let png = picture(&graph()).expect("a picture");
        let drawn = Pixmap::decode_png(&png).expect("a PNG");
        assert_eq!((drawn.width(), drawn.height()), (WIDTH, HEIGHT));
        let has = |colour: [u8; 3]| {
            drawn.pixels().iter().any(|pixel| [pixel.red(), pixel.green(), pixel.blue()] == colour)
        };
        assert!(has([0x19, 0x71, 0xc2]) && has([0xe0, 0x31, 0x31]) && has([0xff, 0xe3, 0xe3]));
        assert!(has([0xd3, 0xf9, 0xd8]) && has([0x49, 0x50, 0x57]), "band and letters");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        assert_eq!(picture(&Graph { values: vec![1.0], ..graph() }), None);
        let odd = Graph { values: vec![f64::NAN, f64::INFINITY, 0.0], cause: (9, 2), limit: None, ..graph() };
        assert!(picture(&odd).is_some());
        assert_eq!([short(0.0), short(1_250.0), short(35e6)], ["0", "1.3k", "35M"]);
    }
}
