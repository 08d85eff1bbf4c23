//! The messages that are measured with: 200 bytes of JSON, each with its own number.

/// Bytes of one message.
pub(crate) const PAYLOAD: usize = 200;

const HEAD: &[u8] = br#"{"order":""#;
const DIGITS: usize = 12;

/// Makes one message after the other, in place.
pub(crate) struct Payloads {
    bytes: [u8; PAYLOAD],
    serial: u64,
}

impl Payloads {
    pub(crate) fn new() -> Self {
        let mut text = HEAD.to_vec();
        text.extend([b'0'; DIGITS]);
        text.extend(br#"","customer":"customer-4711","note":""#);
        text.resize(PAYLOAD - 2, b'x');
        text.extend(br#""}"#);
        let mut bytes = [0; PAYLOAD];
        bytes.copy_from_slice(&text);
        Self { bytes, serial: 0 }
    }

    /// The next message; valid until the one after it.
    pub(crate) fn next(&mut self) -> &[u8; PAYLOAD] {
        self.serial += 1;
        let mut rest = self.serial;
        for digit in self.bytes[HEAD.len()..HEAD.len() + DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        &self.bytes
    }
}
