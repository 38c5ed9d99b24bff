//! How does a curve look? A plot with axes, a legend, several series and their bands, as one SVG document.
//!
//! By hand and not by a plotting crate: what the commands draw is a few curves over one pair of axes, the text of an SVG is
//! laid out by whoever shows it, and a tree of a dozen crates for that is more to keep well than these few files.

mod axis;
mod file;
mod svg;

use axis::Axis;
pub use file::{save, save_svg, writable};
use svg::{Anchor, Svg};

/// The whole picture, in pixels.
const SIZE: (f64, f64) = (800.0, 500.0);
/// Room above and below the drawing.
const TOP: f64 = 52.0;
const BOTTOM: f64 = 62.0;
/// Room to the left of the drawing, and to the right where there is no legend.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 28.0;
/// How wide a letter of the legend is taken to be, and how much of a name is shown.
const LETTER: f64 = 7.6;
const NAME_MAX: usize = 28;

const PAPER: &str = "#ffffff";
const INK: &str = "#222222";
const SOFT_INK: &str = "#555555";
const GRID: &str = "#e4e4e4";
/// Colours that those who see colours differently can tell apart (Okabe, Ito 2008), the darker first.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222"];

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line.
    Line,
    /// A dashed line: what is computed beside what is measured.
    Dashed,
    /// Dots, joined by a line.
    Dots,
    /// A ring around each point, which shows where others lie on it.
    Ring,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// What the legend says.
    pub name: String,
    /// Its points (x, y), in order. Those that have no place on the axes are left out.
    pub points: Vec<(f64, f64)>,
    /// The range around it: (x, low, high), in order.
    pub band: Option<Vec<(f64, f64, f64)>>,
    /// How it is drawn.
    pub style: Style,
}

/// A picture of some curves.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// What is along, and its unit.
    pub x_label: String,
    /// What is up, and its unit.
    pub y_label: String,
    /// Percentiles along, by powers of ten towards 100 %: a point at 1/(1 - p) lies at p.
    pub percentiles: bool,
    /// By powers of ten along, with a place for 0 where it is among the points.
    pub log_x: bool,
    /// By powers of ten up, with a place for 0 where it is among the points.
    pub log_y: bool,
    /// The curves; the first is drawn last, above the others.
    pub series: Vec<Series>,
}

/// A curve without a band.
pub fn series(name: &str, points: Vec<(f64, f64)>, style: Style) -> Series {
    Series { name: name.to_owned(), points, band: None, style }
}

/// Some curves over linear axes.
pub fn plot(title: String, x_label: String, y_label: &str, series: Vec<Series>) -> Plot {
    Plot { title, x_label, y_label: y_label.to_owned(), percentiles: false, log_x: false, log_y: false, series }
}

/// The axes, and where the drawing lies in the picture.
struct Frame {
    x: Axis,
    y: Axis,
    right: f64,
}

impl Frame {
    fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.along(self.x.place(x)?), up(self.y.place(y)?)))
    }

    fn along(&self, share: f64) -> f64 {
        LEFT + share * (self.right - LEFT)
    }
}

fn up(share: f64) -> f64 {
    SIZE.1 - BOTTOM - share * (SIZE.1 - BOTTOM - TOP)
}

impl Plot {
    /// The picture as an SVG document of 800 by 500 pixels.
    pub fn svg(&self) -> String {
        let mut svg = Svg::new(SIZE.0, SIZE.1);
        self.draw(&mut svg);
        svg.finish()
    }

    fn draw(&self, svg: &mut Svg) {
        let frame = self.frame();
        self.draw_axes(svg, &frame);
        for (i, series) in self.series.iter().enumerate().rev() {
            draw_series(svg, &frame, series, COLOURS[i % COLOURS.len()]);
        }
        if self.series.len() > 1 {
            self.draw_legend(svg, frame.right + 16.0);
        }
    }

    fn frame(&self) -> Frame {
        let bands = || self.series.iter().filter_map(|s| s.band.as_ref()).flatten();
        let points = || self.series.iter().flat_map(|s| &s.points);
        let x = points().map(|p| p.0).chain(bands().map(|b| b.0));
        let y = points().map(|p| p.1).chain(bands().flat_map(|b| [b.1, b.2]));
        let longest = self.series.iter().map(|s| shortened(&s.name).chars().count()).max().unwrap_or(0);
        let legend = if self.series.len() > 1 { longest as f64 * LETTER + 56.0 } else { RIGHT };
        let x = if self.percentiles { Axis::percentiles(x) } else { Axis::over(x, self.log_x) };
        Frame { x, y: Axis::over(y, self.log_y), right: SIZE.0 - legend }
    }

    fn draw_axes(&self, svg: &mut Svg, frame: &Frame) {
        let (bottom, middle) = (up(0.0), frame.along(0.5));
        for (share, label) in frame.x.ticks() {
            let x = frame.along(share);
            svg.line((x, TOP), (x, bottom), GRID, 1.0);
            svg.text((x, bottom + 20.0), Anchor::Middle, 13.0, SOFT_INK, false, &label);
        }
        for (share, label) in frame.y.ticks() {
            let y = up(share);
            svg.line((LEFT, y), (frame.right, y), GRID, 1.0);
            svg.text((LEFT - 9.0, y + 4.5), Anchor::End, 13.0, SOFT_INK, false, &label);
        }
        svg.line((LEFT, bottom), (frame.right, bottom), INK, 1.0);
        svg.line((LEFT, TOP), (LEFT, bottom), INK, 1.0);
        draw_gaps(svg, frame);
        svg.text((LEFT, 30.0), Anchor::Start, 17.0, INK, false, &self.title);
        svg.text((middle, SIZE.1 - 16.0), Anchor::Middle, 14.0, INK, false, &self.x_label);
        svg.text((20.0, (TOP + bottom) / 2.0), Anchor::Middle, 14.0, INK, true, &self.y_label);
    }

    fn draw_legend(&self, svg: &mut Svg, left: f64) {
        for (i, series) in self.series.iter().enumerate() {
            let y = TOP + 10.0 + 22.0 * i as f64;
            let colour = COLOURS[i % COLOURS.len()];
            let ends = [(left, y), (left + 22.0, y)];
            match series.style {
                Style::Line | Style::Dashed | Style::Dots => draw_line(svg, &ends, series.style, colour),
                Style::Ring => svg.ring((left + 11.0, y), colour),
            }
            svg.text((left + 30.0, y + 4.5), Anchor::Start, 13.0, INK, false, &shortened(&series.name));
        }
    }
}

/// Several plots, one below the other, as one SVG document.
pub fn stacked(plots: &[Plot]) -> String {
    let mut svg = Svg::new(SIZE.0, SIZE.1 * plots.len() as f64);
    for (plot, nth) in plots.iter().zip(0_u32..) {
        svg.moved(SIZE.1 * f64::from(nth), |svg| plot.draw(svg));
    }
    svg.finish()
}

/// Where an axis is broken, between a place for 0 and its powers of ten: two strokes across it.
fn draw_gaps(svg: &mut Svg, frame: &Frame) {
    if let Some(x) = frame.x.gap().map(|share| frame.along(share)) {
        let y = up(0.0);
        svg.line((x - 3.0, y), (x + 3.0, y), PAPER, 3.0);
        for x in [x - 3.0, x + 3.0] {
            svg.line((x - 2.0, y + 6.0), (x + 2.0, y - 6.0), INK, 1.0);
        }
    }
    if let Some(y) = frame.y.gap().map(up) {
        svg.line((LEFT, y - 3.0), (LEFT, y + 3.0), PAPER, 3.0);
        for y in [y - 3.0, y + 3.0] {
            svg.line((LEFT - 6.0, y + 2.0), (LEFT + 6.0, y - 2.0), INK, 1.0);
        }
    }
}

fn draw_series(svg: &mut Svg, frame: &Frame, series: &Series, colour: &str) {
    if let Some(band) = &series.band {
        let high = band.iter().filter_map(|(x, _, high)| frame.at(*x, *high));
        let low = band.iter().rev().filter_map(|(x, low, _)| frame.at(*x, *low));
        let outline: Vec<_> = high.chain(low).collect();
        svg.area(&outline, colour);
    }
    let points: Vec<_> = series.points.iter().filter_map(|(x, y)| frame.at(*x, *y)).collect();
    draw_line(svg, &points, series.style, colour);
}

fn draw_line(svg: &mut Svg, points: &[(f64, f64)], style: Style, colour: &str) {
    match style {
        Style::Line => svg.path(points, colour, ""),
        Style::Dashed => svg.path(points, colour, "7 5"),
        Style::Dots => {
            svg.path(points, colour, "");
            points.iter().for_each(|p| svg.dot(*p, colour));
        }
        Style::Ring => points.iter().for_each(|p| svg.ring(*p, colour)),
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(series: Vec<Series>) -> Plot {
        let (x_label, y_label) = ("round".to_owned(), "share".to_owned());
        let title = "a < b & c".to_owned();
        Plot { title, x_label, y_label, percentiles: false, log_x: false, log_y: false, series }
    }

    fn curve(name: &str, band: bool) -> Series {
        let points: Vec<_> = (0..10).map(|x| (f64::from(x), f64::from(x * x))).collect();
        let band = band.then(|| points.iter().map(|(x, y)| (*x, y * 0.5, y * 1.5)).collect());
        Series { name: name.to_owned(), points, band, style: Style::Dots }
    }

    /// Every coordinate that stands in an attribute of that name.
    fn numbers(svg: &str, attribute: &str) -> Vec<f64> {
        let key = format!(" {attribute}=\"");
        svg.split(&key).skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
    }

    #[test]
    fn everything_lies_within_the_picture() {
        let svg = plot(vec![curve("a rather long name of some thirty letters", true), curve("b", false)]).svg();
        for (attribute, most) in
            [("x", 800.0), ("x1", 800.0), ("cx", 800.0), ("y", 500.0), ("y2", 500.0), ("cy", 500.0)]
        {
            let found = numbers(&svg, attribute);
            assert!(!found.is_empty() && found.iter().all(|v| (0.0..=most).contains(v)), "{attribute}: {found:?}");
        }
        assert_eq!(numbers(&svg, "cx").len(), 24, "ten dots for each curve, and two in the legend");
    }

    #[test]
    fn text_is_escaped_and_a_single_series_needs_no_legend() {
        let svg = plot(vec![curve("only", false)]).svg();
        assert!(svg.contains("a &lt; b &amp; c") && !svg.contains("only"), "{svg}");
    }

    #[test]
    fn a_plot_of_nothing_is_a_frame() {
        let svg = plot(Vec::new()).svg();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn what_has_no_place_on_a_logarithmic_axis_is_left_out() {
        let mut squares = curve("squares", false);
        squares.points.push((10.0, -1.0));
        let svg = Plot { log_y: true, ..plot(vec![squares]) }.svg();
        assert_eq!(numbers(&svg, "cx").len(), 10, "-1 has no place, 0 has one of its own");
    }

    #[test]
    fn a_point_alone_is_a_dot_without_a_line() {
        let alone = |y: f64| Series { points: vec![(1.0, y)], band: Some(vec![(1.0, y, y)]), ..curve("one", false) };
        let svg = plot(vec![alone(1.0)]).svg();
        assert_eq!([numbers(&svg, "cx").len(), svg.matches("<poly").count()], [1, 0], "{svg}");
        let svg = plot(vec![curve("many", true)]).svg();
        assert_eq!([svg.matches("<polyline ").count(), svg.matches("<polygon ").count()], [1, 1], "{svg}");
    }

    #[test]
    fn percentiles_have_the_room_of_a_power_of_ten_for_each_nine() {
        let tail = Series { points: vec![(1.0, 1.0), (10.0, 2.0), (1e4, 3.0)], ..curve("only", false) };
        let svg = Plot { percentiles: true, ..plot(vec![tail]) }.svg();
        for label in [">0%<", ">90%<", ">99%<", ">99.9%<", ">99.99%<"] {
            assert!(svg.contains(label), "{label}: {svg}");
        }
        let x = numbers(&svg, "cx");
        assert!((x[2] - x[0] - 4.0 * (x[1] - x[0])).abs() < 0.5, "{x:?}");
    }

    #[test]
    fn stacked_plots_are_one_document_and_none_covers_another() {
        let one = || plot(vec![curve("only", false)]);
        let svg = stacked(&[one(), one()]);
        assert_eq!((svg.matches("<svg ").count(), svg.matches("translate(0 500)").count()), (1, 1), "{svg}");
        assert!(svg.contains("height=\"1000\"") && svg.matches("<g ").count() == svg.matches("</g>").count());
    }
}
