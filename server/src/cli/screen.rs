//! What a person sees: results on standard output, everything else on standard error, and one line that moves while
//! something takes long and somebody is looking.

use std::io::{IsTerminal as _, Write as _};

use catalog::Conflict;
use domain::{ByteSize, backups::Progress, clock::human_duration_ms};

/// A result. Whoever reads them may have gone: that is no failure of ours.
pub fn print(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", line.as_ref());
}

/// A result as JSON.
pub fn print_json(value: &serde_json::Value) {
    print(format!("{value:#}"));
}

/// A remark.
pub fn warn(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", line.as_ref());
}

/// Why it could not be done, with what to do.
pub fn complain(error: &anyhow::Error) {
    let mut text = format!("holdfast: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(&format!(": {cause}"));
        }
    }
    if let Some(hint) = error.chain().find_map(hint) {
        text.push_str(&format!("\n  What to do: {hint}"));
    }
    warn(text);
}

fn hint<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a str> {
    if let Some(error) = error.downcast_ref::<engine::Error>() {
        return error.advice();
    }
    match error.downcast_ref::<catalog::Error>()? {
        catalog::Error::Conflict(conflict) => match conflict {
            Conflict::AlreadyRunning => Some("wait for it; `holdfast backup list` and the console show it"),
            Conflict::Duplicate => Some("choose another name, or use the one that is there"),
            Conflict::Expired => Some("choose a newer backup"),
            Conflict::Stale | Conflict::RunFinished => Some("look at it again, then repeat the command"),
            _ => None,
        },
        catalog::Error::Database(_) => Some("`holdfast doctor` looks at the catalog"),
        _ => None,
    }
}

/// Whether somebody looks at the moving line.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Draws the moving line.
pub fn draw(progress: &Progress) {
    if !is_watched() {
        return;
    }
    let mut text = format!("\r\x1b[2K  {}: {}", progress.phase, ByteSize(progress.bytes));
    if let Some(percent) = progress.percent() {
        text.push_str(&format!(", {percent} %"));
    }
    if progress.rate > 0 {
        text.push_str(&format!(", {}/s", ByteSize(progress.rate)));
    }
    if let Some(left) = progress.eta_ms {
        text.push_str(&format!(", {} left", human_duration_ms(left)));
    }
    if let Some(table) = &progress.table {
        let shown: String = table.chars().filter(|c| !c.is_control()).take(40).collect();
        text.push_str(&format!(" ({shown})"));
    }
    let mut out = std::io::stderr();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// Removes the moving line.
pub fn clear() {
    if is_watched() {
        let _ = write!(std::io::stderr(), "\r\x1b[2K");
    }
}

/// A table in columns as wide as what is in them.
pub fn table(heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect::<Vec<_>>();
        print(cells.join("  ").trim_end());
    };
    line(&mut heads.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}
