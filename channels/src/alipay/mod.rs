//! Alipay behind the Channel port, in key mode (RSA2).
