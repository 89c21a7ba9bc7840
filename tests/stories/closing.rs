//! Closing: what a merchant's wish leads to, and who is faster.
