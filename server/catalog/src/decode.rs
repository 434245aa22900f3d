//! From stored text to domain words; what cannot be read is an error with the table's name, never a panic.
