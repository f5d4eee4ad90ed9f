//! How a panic is logged: on one line like all else, and without tokens.

use std::panic::PanicHookInfo;

use simulay_model::without_tokens;

/// Logs a panic.
pub(crate) fn log(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = without_tokens(panic.payload_as_str().unwrap_or_default());
    tracing::error!(place, %words, "a thread panicked");
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use simulay_model::{TOKEN_BYTES, TokenSecret};
    use tracing::subscriber::with_default;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static HOOKED: AtomicBool = AtomicBool::new(false);

    struct ToLog;

    impl MakeWriter<'_> for ToLog {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            Self
        }
    }

    impl std::io::Write for ToLog {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LOG.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_one_line_of_the_log_and_tells_no_token() {
        let secret = TokenSecret::of([9; TOKEN_BYTES]);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(|panic| {
            log(panic);
            HOOKED.store(true, Ordering::Relaxed);
        }));
        let subscriber = tracing_subscriber::fmt().json().with_writer(ToLog).finish();
        let panicked = with_default(subscriber, || {
            std::panic::catch_unwind(|| panic!("two\nlines and {}", secret.reveal())).is_err()
        });
        std::panic::set_hook(before);
        let told = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
        assert!(panicked && HOOKED.load(Ordering::Relaxed));
        assert!(told.lines().count() == 1 && told.contains("panics.rs") && told.contains("sim_…"), "{told}");
        assert!(!told.contains(secret.reveal()), "{told}");
    }
}
