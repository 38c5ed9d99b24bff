//! How is it written down? The few elements of SVG 1.1 that a plot needs, with their text escaped.

use std::fmt::Write as _;

/// At which end of its anchor a text stands.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// A drawing that grows element by element. Coordinates are pixels from the upper left.
#[derive(Debug)]
pub struct Svg(String);

impl Svg {
    /// White, of this size.
    pub fn new(width: f64, height: f64) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        ))
    }

    // Writing to a string cannot fail.
    fn element(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.0, "{text}");
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.element(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        ));
    }

    /// A line through points; `dashes` as SVG writes them, empty for none. A point alone has none: those who read a drawing
    /// complain of a line without a second end.
    pub fn path(&mut self, points: &[(f64, f64)], colour: &str, dashes: &str) {
        if points.len() < 2 {
            return;
        }
        self.element(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-linejoin=\"round\" \
             stroke-linecap=\"round\" stroke-dasharray=\"{dashes}\"/>",
            list(points)
        ));
    }

    /// A translucent area; none where nothing lies within.
    pub fn area(&mut self, outline: &[(f64, f64)], colour: &str) {
        if outline.len() < 3 {
            return;
        }
        self.element(format_args!(
            "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"0.16\" stroke=\"none\"/>",
            list(outline)
        ));
    }

    /// A dot.
    pub fn dot(&mut self, (x, y): (f64, f64), colour: &str) {
        self.element(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"1\"/>"
        ));
    }

    /// A ring around a point.
    pub fn ring(&mut self, (x, y): (f64, f64), colour: &str) {
        self.element(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        ));
    }

    /// What is drawn lies lower by so much.
    pub fn moved(&mut self, down: f64, draw: impl FnOnce(&mut Self)) {
        self.element(format_args!("<g transform=\"translate(0 {down})\">"));
        draw(self);
        self.element(format_args!("</g>"));
    }

    /// A text; turned by a quarter, to be read from below upwards, where `upwards`.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, size: f64, colour: &str, upwards: bool, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let turn = if upwards { format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"") } else { String::new() };
        self.element(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"{colour}\"{turn}>{}</text>",
            escaped(text)
        ));
    }

    /// The whole document.
    pub fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

fn list(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
