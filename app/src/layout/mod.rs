//! What surrounds every page: the document, the frame with its navigation, the guard that asks for a sign-in,
//! and the pages that say what went wrong.

pub mod appearance;
pub mod document;
pub mod fault;
pub mod frame;
pub mod navigation;
pub mod page;
