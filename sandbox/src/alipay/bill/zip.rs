//! A zip as Alipay packs its bills: two deflated entries whose names are GBK without the flag that
//! would say UTF-8. Libraries write names as UTF-8 only.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// An archive that grows.
#[derive(Debug, Default)]
pub(super) struct Archive {
    file: Vec<u8>,
    directory: Vec<u8>,
    entries: u16,
}

/// How many MiB of zeros a bomb holds: 2 GiB.
const BOMB_BLOCKS: usize = 2048;

/// One entry while it is written.
pub(super) struct Entry {
    name: Vec<u8>,
    /// Deflated before what `packed` holds.
    before: Vec<u8>,
    packed: DeflateEncoder<Vec<u8>>,
    crc: Crc,
}

impl Entry {
    /// An entry with this name, as GBK.
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: gbk(name),
            before: Vec::new(),
            packed: DeflateEncoder::new(Vec::new(), Compression::fast()),
            crc: Crc::new(),
        }
    }

    /// An entry that is small and becomes 2 GiB of zeros: one deflated block of them, repeated.
    pub(super) fn bomb(name: &str) -> std::io::Result<Self> {
        let zeros = vec![0; 1 << 20];
        let mut block = DeflateEncoder::new(Vec::new(), Compression::best());
        block.write_all(&zeros)?;
        block.flush()?;
        let mut sum = Crc::new();
        sum.update(&zeros);
        let mut entry = Self::new(name);
        for _ in 0..BOMB_BLOCKS {
            entry.before.extend_from_slice(block.get_ref());
            entry.crc.combine(&sum);
        }
        Ok(entry)
    }

    /// Adds a line, as GBK, with the end of line.
    pub(super) fn line(&mut self, text: &str) -> std::io::Result<()> {
        let mut bytes = gbk(text);
        bytes.extend_from_slice(b"\r\n");
        self.crc.update(&bytes);
        self.packed.write_all(&bytes)
    }
}

impl Archive {
    /// Takes an entry that is complete.
    pub(super) fn add(&mut self, entry: Entry) -> std::io::Result<()> {
        let (crc, length) = (entry.crc.sum(), entry.crc.amount());
        let mut packed = entry.before;
        packed.extend(entry.packed.finish()?);
        let offset = size(self.file.len())?;
        let name_length = u16::try_from(entry.name.len()).map_err(too_long)?;
        let mut common = Vec::new();
        // Version 2.0, no flags, deflated, midnight of 1980-01-01.
        for field in [20_u16, 0, 8, 0, 0x21] {
            common.extend_from_slice(&field.to_le_bytes());
        }
        for field in [crc, size(packed.len())?, length] {
            common.extend_from_slice(&field.to_le_bytes());
        }
        common.extend_from_slice(&name_length.to_le_bytes());
        common.extend_from_slice(&[0; 2]);

        self.file.extend_from_slice(b"PK\x03\x04");
        self.file.extend_from_slice(&common);
        self.file.extend_from_slice(&entry.name);
        self.file.extend_from_slice(&packed);

        self.directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        self.directory.extend_from_slice(&common);
        // No comment, first disk, no attributes.
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&offset.to_le_bytes());
        self.directory.extend_from_slice(&entry.name);
        self.entries += 1;
        Ok(())
    }

    /// The whole file.
    pub(super) fn finish(mut self) -> std::io::Result<Vec<u8>> {
        let offset = size(self.file.len())?;
        let length = size(self.directory.len())?;
        self.file.append(&mut self.directory);
        self.file.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
        self.file.extend_from_slice(&self.entries.to_le_bytes());
        self.file.extend_from_slice(&self.entries.to_le_bytes());
        self.file.extend_from_slice(&length.to_le_bytes());
        self.file.extend_from_slice(&offset.to_le_bytes());
        self.file.extend_from_slice(&[0; 2]);
        Ok(self.file)
    }
}

fn size(length: usize) -> std::io::Result<u32> {
    u32::try_from(length).map_err(too_long)
}

fn too_long(_: std::num::TryFromIntError) -> std::io::Error {
    std::io::Error::other("a bill is larger than a plain zip can be")
}

/// GBK; what it has no character for becomes a question mark.
fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, unmappable) = encoding_rs::GBK.encode(text);
    if !unmappable {
        return bytes.into_owned();
    }
    let mut bytes = Vec::new();
    for c in text.chars() {
        let mut buffer = [0; 4];
        let (encoded, _, unmappable) = encoding_rs::GBK.encode(c.encode_utf8(&mut buffer));
        if unmappable {
            bytes.push(b'?');
        } else {
            bytes.extend_from_slice(&encoded);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;

    use super::*;

    #[test]
    fn the_bomb_is_small_and_becomes_zeros_without_end() {
        let mut archive = Archive::default();
        archive.add(Entry::bomb("x").unwrap()).unwrap();
        let file = archive.finish().unwrap();
        assert!(file.len() < 4 << 20, "{}", file.len());
        let mut unpacked = DeflateDecoder::new(&file[31..]);
        let mut zeros = vec![1; 3 << 20];
        unpacked.read_exact(&mut zeros).unwrap();
        assert!(zeros.iter().all(|byte| *byte == 0));
        let told = file[22..26].try_into().unwrap();
        assert_eq!(u32::from_le_bytes(told), 1 << 31);
    }

    #[test]
    fn what_gbk_cannot_say_is_a_question_mark() {
        assert_eq!(gbk("茶A"), [0xb2, 0xe8, b'A']);
        assert_eq!(gbk("茶\u{1f375}A"), [0xb2, 0xe8, b'?', b'A']);
    }
}
