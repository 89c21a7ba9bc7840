//! WeChat Pay APIv3 behind the Channel port.
