//! The Python dictionary in an `.npy` header: the few literals that NumPy writes there.

use super::error::HeaderFault;

/// The three entries of the dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    /// The type of the numbers: the string, or the text of a record type.
    pub(super) descr: String,
    pub(super) order: Order,
    pub(super) shape: Vec<u64>,
}

/// Which index of a matrix changes slowest in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Row after row.
    C,
    /// Column after column.
    Fortran,
}

impl Description {
    /// Reads a dictionary such as `{'descr': '<f4', 'fortran_order': False, 'shape': (5, 384), }`, with white space
    /// around it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, HeaderFault> {
        let mut parser = Parser { text, position: 0 };
        let (mut descr, mut order, mut shape) = (None, None, None);
        parser.expect(b'{')?;
        while !parser.skip(b'}') {
            let key_start = parser.position;
            let key = parser.string()?;
            parser.expect(b':')?;
            let is_new = match key {
                b"descr" => descr.replace(parser.descr()?).is_none(),
                b"fortran_order" => order.replace(parser.order()?).is_none(),
                b"shape" => shape.replace(parser.shape()?).is_none(),
                _ => false,
            };
            if !is_new {
                return Err(HeaderFault::Syntax { position: key_start });
            }
            if !parser.skip(b',') {
                parser.expect(b'}')?;
                break;
            }
        }
        parser.end()?;
        match (descr, order, shape) {
            (Some(descr), Some(order), Some(shape)) => Ok(Self { descr, order, shape }),
            _ => Err(parser.fault()),
        }
    }
}

/// Every method skips the white space before what it reads.
struct Parser<'a> {
    text: &'a [u8],
    position: usize,
}

impl<'a> Parser<'a> {
    const fn fault(&self) -> HeaderFault {
        HeaderFault::Syntax { position: self.position }
    }

    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text[self.position..];
        self.position += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.get(self.position).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), HeaderFault> {
        if self.skip(byte) { Ok(()) } else { Err(self.fault()) }
    }

    fn end(&mut self) -> Result<(), HeaderFault> {
        if self.peek().is_none() { Ok(()) } else { Err(self.fault()) }
    }

    /// The next bytes for which `belongs` is true.
    fn run(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        self.peek();
        let rest = &self.text[self.position..];
        let run = &rest[..rest.iter().take_while(|&&byte| belongs(byte)).count()];
        self.position += run.len();
        run
    }

    /// A string without escapes: neither a key nor the name of a plain type has any.
    fn string(&mut self) -> Result<&'a [u8], HeaderFault> {
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"')).ok_or_else(|| self.fault())?;
        self.position += 1;
        let start = self.position;
        let length = self.text[start..].iter().position(|&byte| byte == quote || byte == b'\\');
        let end = start + length.ok_or_else(|| self.fault())?;
        if self.text[end] != quote {
            return Err(self.fault());
        }
        self.position = end + 1;
        Ok(&self.text[start..end])
    }

    /// A type's name, or the text of a list that describes records.
    fn descr(&mut self) -> Result<String, HeaderFault> {
        let name = if self.peek() == Some(b'[') { self.list()? } else { self.string()? };
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    /// The text of a list, up to the bracket that closes it.
    fn list(&mut self) -> Result<&'a [u8], HeaderFault> {
        let start = self.position;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'\'' | b'"' => {
                    self.string()?;
                    continue;
                }
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => {}
            }
            self.position += 1;
            if depth == 0 {
                return Ok(&self.text[start..self.position]);
            }
        }
        Err(self.fault())
    }

    fn order(&mut self) -> Result<Order, HeaderFault> {
        let start = self.position;
        match self.run(|byte| byte.is_ascii_alphabetic()) {
            b"False" => Ok(Order::C),
            b"True" => Ok(Order::Fortran),
            _ => Err(HeaderFault::Syntax { position: start }),
        }
    }

    /// A tuple of whole numbers. One number without a comma is not a tuple in Python, and is refused.
    fn shape(&mut self) -> Result<Vec<u64>, HeaderFault> {
        let mut shape = Vec::new();
        self.expect(b'(')?;
        loop {
            if self.skip(b')') {
                return Ok(shape);
            }
            shape.push(self.number()?);
            if !self.skip(b',') {
                self.expect(b')')?;
                return if shape.len() == 1 { Err(self.fault()) } else { Ok(shape) };
            }
        }
    }

    /// A whole number; NumPy on Python 2 ended it with an `L`.
    fn number(&mut self) -> Result<u64, HeaderFault> {
        let digits = self.run(|byte| byte.is_ascii_digit());
        let text = std::str::from_utf8(digits).expect("digits are ASCII");
        if text.is_empty() {
            return Err(self.fault());
        }
        self.skip(b'L');
        text.parse().map_err(|_| HeaderFault::ShapeOverflow)
    }
}
