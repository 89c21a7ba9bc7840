//! cashier
