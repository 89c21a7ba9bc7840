//! No notice ever comes: the channels are asked.
