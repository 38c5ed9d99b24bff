//! Repair of state: what a difference costs.

use bruit_terminal::plot::{Plot, Series, Style, plot, series};

use crate::sim::state::{Played, Row};

/// Bytes of a key, its value and what stands in front of them.
const ENTRY: f64 = bruit::sim::experiment::state::ENTRY as f64;

/// Bytes until two are in step by the number of keys in which they differ, beside three times the bytes of these keys and 2.5 kB.
pub fn repair(played: &[&Played]) -> Plot {
    let curve = |(owners, loss): (u32, u32), rows: Vec<&Row>| -> Series {
        let points = rows.into_iter().map(|row| (f64::from(row.differ), row.of("bytes").mean)).collect();
        series(&format!("{owners} owners, loss {} %", f64::from(loss) / 10.0), points, Style::Line)
    };
    let mut all = Vec::new();
    for played in played {
        for loss in [0, 200] {
            let rows: Vec<&Row> = played.rows.iter().filter(|row| row.loss_permille == loss).collect();
            if !rows.is_empty() {
                all.push(curve((played.owners, loss), rows));
            }
        }
    }
    let allowed = [1.0, 10.0, 100.0, 1_000.0].map(|keys| (keys, 3.0 * ENTRY * keys + 2_500.0)).to_vec();
    all.push(series("3 × own + 2.5 kB", allowed, Style::Dashed));
    let title = "two nodes differ".to_owned();
    Plot { log_x: true, log_y: true, ..plot(title, "keys that differ".to_owned(), "bytes until they do not", all) }
}
