//! Webhooks: the merchant is told, whatever its endpoint does.
