//! Money that comes when the order is over.
