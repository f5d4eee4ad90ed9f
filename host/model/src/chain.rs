//! Errors with all that caused them, for whoever reads the log.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// An error and what caused it, in one line. What an error repeats of its cause is said once.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl Display for Chain<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        formatter.write_str(&said)?;
        let mut cause = self.0.source();
        while let Some(present) = cause {
            let words = present.to_string();
            if !said.ends_with(&words) {
                write!(formatter, ": {words}")?;
            }
            (said, cause) = (words, present.source());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Outer(&'static str, io::Error);

    impl Display for Outer {
        fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn causes_follow_and_are_said_once() {
        let inner = || io::Error::other("the disk is gone");
        assert_eq!(Chain(&inner()).to_string(), "the disk is gone");
        assert_eq!(Chain(&Outer("no file", inner())).to_string(), "no file: the disk is gone");
        let repeats = Outer("no file: the disk is gone", inner());
        assert_eq!(Chain(&repeats).to_string(), "no file: the disk is gone");
    }
}
