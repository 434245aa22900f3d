//! Believable text: templates with slots, filled from word lists.
//!
//! `"Review {asset} access"` becomes "Review payroll system access". Text made this way compresses like the
//! prose of real applications, which lorem ipsum and random letters do not.

mod lists;
mod people;
pub mod prose;

use std::fmt::Write as _;

use crate::rng::Rng;

pub use prose::prose;

/// The words a slot may become.
fn slot(name: &str) -> Option<&'static [&'static str]> {
    lists::list(name).or_else(|| people::list(name))
}

/// Fills the slots of a template. A slot nobody defined stays as written; a test over all schemas finds it.
pub fn fill(template: &str, rng: &mut Rng) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match (name, slot(name)) {
            (_, Some(words)) => out.push_str(rng.pick(words)),
            ("digit", None) => out.push_str(&rng.below(10).to_string()),
            ("number", None) => out.push_str(&(rng.below(97) + 3).to_string()),
            ("year", None) => out.push_str(&(rng.below(6) + 2019).to_string()),
            ("hex", None) => {
                let _ = write!(out, "{:08x}", rng.bits() >> 32);
            }
            _ => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::fill;
    use crate::rng::Rng;

    #[test]
    fn slots_are_filled_and_the_rest_is_kept() {
        let mut rng = Rng::for_label("words");
        let filled = fill("Review {asset} in {year}, 100 {percent", &mut rng);
        assert!(filled.starts_with("Review ") && filled.ends_with(", 100 {percent"), "{filled}");
        assert!(!filled.contains("{asset}"));
        assert_eq!(fill("{no such slot}", &mut rng), "{no such slot}");
    }
}
