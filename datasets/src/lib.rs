//! Generators of traffic and loaders of public data sets.
