//! Tables that stay tables for a screen reader and become two-line rows on a phone.
//!
//! The roles are written out because a phone's style sheet takes the table layout away, and with it browsers drop
//! the meaning of the elements.

use leptos::prelude::*;

/// What a column is, which says how it is set and where it stands on a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Names the row: the first line on a phone.
    Lead,
    /// A badge: at the end of the first line on a phone.
    State,
    /// An amount, set right.
    Number,
    /// Anything else: the second line on a phone.
    Plain,
}

impl Shape {
    const fn class(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::State => "state",
            Self::Number => "num",
            Self::Plain => "plain",
        }
    }
}

/// A table with a caption, columns and rows.
#[must_use]
pub struct Table {
    caption: String,
    columns: Vec<(&'static str, Shape)>,
    rows: Vec<AnyView>,
}

impl Table {
    /// A table without columns; the caption is for screen readers.
    pub fn new(caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), columns: Vec::new(), rows: Vec::new() }
    }
    /// Adds the column that names the row.
    pub fn lead(self, title: &'static str) -> Self {
        self.column(title, Shape::Lead)
    }
    /// Adds a column of badges.
    pub fn state(self, title: &'static str) -> Self {
        self.column(title, Shape::State)
    }
    /// Adds a column of amounts.
    pub fn number(self, title: &'static str) -> Self {
        self.column(title, Shape::Number)
    }
    /// Adds a column.
    pub fn text(self, title: &'static str) -> Self {
        self.column(title, Shape::Plain)
    }
    fn column(mut self, title: &'static str, shape: Shape) -> Self {
        self.columns.push((title, shape));
        self
    }
    /// Adds a row; its cells are in the order of the columns.
    pub fn row(mut self, cells: Vec<AnyView>) -> Self {
        let cells = self.columns.iter().zip(cells).map(|(&(title, shape), cell)| match shape {
            Shape::Lead => view! { <th scope="row" role="rowheader" class="lead">{cell}</th> }.into_any(),
            _ => view! { <td role="cell" class=shape.class() data-label=title>{cell}</td> }.into_any(),
        });
        let cells = cells.collect_view();
        self.rows.push(view! { <tr role="row">{cells}</tr> }.into_any());
        self
    }
    /// Adds a row for each item.
    pub fn rows<T>(
        self,
        items: impl IntoIterator<Item = T>,
        mut cells: impl FnMut(T) -> Vec<AnyView>,
    ) -> Self {
        items.into_iter().fold(self, |table, item| table.row(cells(item)))
    }
    /// The finished table.
    pub fn view(self) -> AnyView {
        let heads = self.columns.into_iter().map(|(title, shape)| {
            view! { <th scope="col" role="columnheader" class=shape.class()>{title}</th> }
        });
        let label = self.caption.clone();
        view! {
            <div class="scroll" tabindex="0" role="group" aria-label=label>
                <table role="table">
                    <caption class="visually-hidden">{self.caption}</caption>
                    <thead role="rowgroup"><tr role="row">{heads.collect_view()}</tr></thead>
                    <tbody role="rowgroup">{self.rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

/// A cell of plain text.
pub fn text(value: impl Into<String>) -> AnyView {
    value.into().into_any()
}

/// A cell that links.
pub fn link(path: impl Into<String>, label: &str) -> AnyView {
    view! { <a href=path.into()><bdi>{super::text::visible(label)}</bdi></a> }.into_any()
}
