//! Every crash point, one by one.
