//! Text that strangers chose: names of databases, tables, people.

use leptos::prelude::*;

/// The text with control characters and characters that turn the writing direction made visible, so that a name
/// cannot pretend to be another one.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || is_invisible(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A name on its own, isolated from the direction of the text around it.
pub fn name(text: &str) -> AnyView {
    view! { <bdi>{visible(text)}</bdi> }.into_any()
}

/// `1 table`, `12 tables`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// A whole number with its thousands apart: `18,221`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// What stands where there is nothing; left out on a phone.
pub fn none() -> AnyView {
    view! { <span class="none">"–"</span> }.into_any()
}

/// A text that may not be there.
pub fn or_none(text: Option<&str>) -> AnyView {
    text.map_or_else(none, |text| visible(text).into_any())
}

/// A line to be copied as it stands, with its button. The button appears only where the browser can copy.
pub fn code_block(label: &'static str, text: &str) -> AnyView {
    view! {
        <div class="code">
            <pre><code>{visible_lines(text)}</code></pre>
            <button type="button" class="btn copy" data-copy=text.to_owned()>"Copy"<span class="visually-hidden">{format!(" {label}")}</span></button>
        </div>
    }
    .into_any()
}

fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_turn_the_direction_of_the_text() {
        assert_eq!(visible("a\u{202e}b\nc"), "a\\u{202e}b\\u{a}c");
        assert_eq!(visible("näme 😀 مرحبا"), "näme 😀 مرحبا");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(18_221), "18,221");
        assert_eq!(number(1_000_000), "1,000,000");
    }
}
