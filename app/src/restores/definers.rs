//! To whom views, triggers, routines and events of a restored database belong.

use leptos::prelude::*;

use crate::ui::{field::Field, form::Posted};

/// The choice, and the accounts it names; everything belongs to the account that restores if it is left alone.
pub fn definer_fields(posted: &Posted) -> AnyView {
    let is_wrong = ["definers", "replacements"].iter().any(|field| posted.about(field).is_some());
    let ways = [
        ("strip", "The account that restores"),
        ("keep", "The account they belonged to"),
        ("map", "Another account, named below"),
    ];
    let ways = ways.map(|(key, label)| (key.to_owned(), label.to_owned())).to_vec();
    view! {
        <details class="edit" open=is_wrong>
            <summary>"Owners of views, triggers, routines and events"</summary>
            <div class="form">
                {Field::choice("restore", "definers", "They belong to", ways)
                    .hint("They run with the rights of whom they belong to. For any but the account that restores, that account needs SET USER or SET_ANY_DEFINER, and the owner must exist on that server; both are checked before anything is created.")
                    .after(posted).view()}
                {Field::lines("restore", "replacements", "Accounts").optional()
                    .hint("One per line, as old@host=new@host. What belonged to others belongs to the account that restores.").after(posted).view()}
            </div>
        </details>
    }
    .into_any()
}
