//! The tests in `it`. They are a package of their own so that they can be compiled without optimisation: the engine needs
//! it, because it touches every byte of a backup, and its tests would take five minutes of a processor for it.
